//! Predicts the kernel's answer, from the rule function and the facts about the place.

use dio_trace_ebpf::{
    rules::{Geometry, Limits, Segment, violations},
    words::{Operation, Reason, Reasons, RuleSet},
};

use super::place::{Front, Late, Made, PAGE};
use crate::workload::{Call, Region, answer::Answer};

/// A prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prediction {
    /// Done directly.
    Direct {
        /// Whether it breaks the rule in force, and nothing checked it.
        unchecked: bool,
    },
    /// Served by the page cache.
    Buffered,
    /// Done, either directly or by the page cache.
    Done,
    /// Either served by the page cache or refused by the engine with EINVAL.
    Unknown,
    /// Refused with one of these errors.
    Rejected(&'static [i64]),
}

const EINVAL: &[i64] = &[-22];
const EIO: &[i64] = &[-5];
const EINVAL_OR_EIO: &[i64] = &[-22, -5];
/// Number of pages above which `block/fops.c` builds several bios; a failure to build one is EIO up
/// to 7.2 and EINVAL from 7.3 on.
const ONE_BIO: u64 = 256;

impl Prediction {
    /// Whether `result` is what was predicted.
    pub(super) fn holds(self, result: i64) -> bool {
        match self {
            Self::Unknown => result >= 0 || EINVAL_OR_EIO.contains(&result),
            Self::Rejected(errors) => errors.contains(&result),
            _ => result >= 0,
        }
    }
}

/// Predicts the answer to a request at a place under `rule_set`.
pub(super) fn predict(
    made: &Made<'_>,
    region: Region,
    rule_set: RuleSet,
    answer: &Answer,
) -> Prediction {
    let place = made.place;
    let end = answer.offset + answer.length;
    let is_read = answer.operation == Operation::Read;
    if is_read && answer.offset >= region.size {
        // Every engine returns 0 before it checks anything.
        return Prediction::Direct { unchecked: false };
    }
    // A block device cuts the request at its end before it checks (blkdev_read_iter).
    let seen = if is_read && !region.is_file() {
        end.min(region.size)
    } else {
        end
    };
    let given = cut(answer, seen - answer.offset);
    let registered = answer.call == Call::RingFixed;
    // Registered memory is passed on page by page, and each piece counts as a segment
    // (iov_iter_aligned_bvec, up to 6.17).
    let pieces: Vec<Segment> = page_pieces(&given, made.registered_page()).collect();
    let segments = if registered { &pieces } else { &given };
    let geometry = Geometry::fold(answer.offset, segments.iter().copied(), 0);
    let block = made.limits.logical_block_mask();
    let to_block = |mask: u32| {
        (geometry.address_bits | geometry.length_bits | answer.offset as u32) & mask == 0
    };
    match place.front {
        Front::PageCache => return Prediction::Buffered,
        Front::Server => return Prediction::Direct { unchecked: false },
        Front::Btrfs {
            direct_reads,
            direct_writes,
        } => {
            let direct = if is_read { direct_reads } else { direct_writes };
            let engine_refuses =
                rule_set == RuleSet::DmaAddress && empty_offends(answer, 511) && to_block(4095);
            return match (to_block(4095), direct) {
                (_, false) if engine_refuses => Prediction::Unknown,
                _ if engine_refuses && made.refusal_falls_back => Prediction::Buffered,
                _ if engine_refuses => Prediction::Rejected(EINVAL),
                (false, _) => Prediction::Buffered,
                // Whether the page cache served requests that are in flight at the exit is not
                // checked.
                (true, true) if answer.result.is_none() => Prediction::Done,
                (true, true) => Prediction::Direct { unchecked: false },
                (true, false) => Prediction::Done,
            };
        }
        Front::F2fs if !to_block(4095) && to_block(block) => return Prediction::Buffered,
        Front::F2fs | Front::Common | Front::Legacy => {}
    }
    // Up to 5.16 f2fs used the legacy engine, which checks before it reaches the hole.
    let looks_first = place.front == Front::F2fs && rule_set == RuleSet::LogicalBlock;
    if is_read && place.holes && !looks_first && region.is_unwritten(answer.offset) {
        return Prediction::Direct { unchecked: false };
    }
    let rule_set = if place.front == Front::Legacy {
        RuleSet::LogicalBlock
    } else {
        rule_set
    };
    // On a raw device `__blkdev_direct_IO_async` passes registered vectors on unchanged
    // (`bio_iov_bvec_set`). They are checked only when a bio is split, and a request in one page
    // passes there.
    if registered && rule_set == RuleSet::DmaSegment && place.is_raw() {
        return late(made, answer, segments, Looking::AtRegistered);
    }
    early(made, rule_set, answer, segments)
}

/// The rule set that the engine applies.
fn early(made: &Made<'_>, rule_set: RuleSet, answer: &Answer, segments: &[Segment]) -> Prediction {
    if rule_set == RuleSet::DmaSegmentLate {
        return late(made, answer, segments, Looking::AtMemory);
    }
    let refused = rule_set == RuleSet::DmaAddress
        && empty_offends(answer, made.limits.dma_alignment)
        || !broken(&made.limits, rule_set, answer, segments).is_empty();
    if refused {
        refusal(made, segments)
    } else {
        Prediction::Direct { unchecked: false }
    }
}

/// The vectors that the splitting of bios checks, in `dma-segment-late` and for some requests
/// later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looking {
    /// Vectors built from the program's memory. Clones of the device mapper have none of their own,
    /// so each one is checked (6.18).
    AtMemory,
    /// Registered vectors on kernels that check all others early. A request in one page is not
    /// checked, nor are clones (7.0 and later).
    AtRegistered,
}

/// Predicts under `dma-segment-late`, with the devices below.
fn late(made: &Made<'_>, answer: &Answer, segments: &[Segment], looking: Looking) -> Prediction {
    let own = broken(&made.limits, RuleSet::DmaSegmentLate, answer, segments);
    if own.contains(Reason::TotalLength) || own.contains(Reason::FileOffset) {
        return refusal(made, segments);
    }
    let accepted = Prediction::Direct {
        unchecked: !own.is_empty(),
    };
    // What a device hands down is looked at below, by that device's own mask.
    let accepted_below = |unchecked| Prediction::Direct { unchecked };
    let below = Limits {
        logical_block_size: made.limits.logical_block_size,
        ..made.below
    };
    let is_in_one_page = Geometry::fold(answer.offset, segments.iter().copied(), 0).in_one_page()
        && !made.has_chunks;
    let below_takes = broken(&below, RuleSet::DmaSegmentLate, answer, segments).is_empty();
    let passes_below = below_takes || looking == Looking::AtRegistered && is_in_one_page;
    match made.place.late {
        Late::Own | Late::OwnThenFile if !own.is_empty() && !is_in_one_page => {
            refusal(made, segments)
        }
        Late::OwnThenFile if looking == Looking::AtRegistered => {
            // The engine of the file checks what the loop device was given.
            if broken(&below, RuleSet::DmaSegment, answer, segments).is_empty() {
                accepted
            } else {
                Prediction::Rejected(EINVAL_OR_EIO)
            }
        }
        Late::Own | Late::OwnThenFile | Late::Nobody => accepted,
        Late::Below if passes_below => accepted_below(!below_takes),
        Late::Below => Prediction::Rejected(EINVAL_OR_EIO),
        Late::Crypt(sector) => {
            let is_read = answer.operation == Operation::Read;
            if is_read && !passes_below {
                Prediction::Rejected(EINVAL_OR_EIO)
            } else if page_pieces(segments, PAGE).all(|piece| piece.length.is_multiple_of(sector)) {
                accepted_below(is_read && !below_takes)
            } else {
                Prediction::Rejected(EIO)
            }
        }
    }
}

/// The rules of `rule_set` that a request breaks on these limits.
fn broken(limits: &Limits, rule_set: RuleSet, answer: &Answer, segments: &[Segment]) -> Reasons {
    let boundary = limits.virt_boundary_mask;
    let geometry = Geometry::fold(answer.offset, segments.iter().copied(), boundary);
    violations(&geometry, limits, rule_set)
}

/// The errors with which the engine refuses.
fn refusal(made: &Made<'_>, segments: &[Segment]) -> Prediction {
    if made.place.is_raw() && pages(segments) > ONE_BIO {
        Prediction::Rejected(EINVAL_OR_EIO)
    } else {
        Prediction::Rejected(EINVAL)
    }
}

/// Whether an empty segment before a non-empty one has a misaligned address. From 6.0 to 6.17 its
/// address counts (`iov_iter_aligned_iovec`, `lib/iov_iter.c`), although nothing is read or written
/// there.
fn empty_offends(answer: &Answer, dma_alignment: u32) -> bool {
    let last_full = answer
        .segments
        .iter()
        .rposition(|placed| placed.length != 0)
        .unwrap_or(0);
    let mut before = answer.segments.iter().take(last_full);
    before.any(|placed| placed.length == 0 && placed.address & u64::from(dma_alignment) != 0)
}

/// The non-empty segments of the first `length` bytes.
fn cut(answer: &Answer, length: u64) -> Vec<Segment> {
    let mut left = length;
    let mut segments = Vec::new();
    for placed in &answer.segments {
        let take = placed.length.min(left);
        left -= take;
        if take != 0 {
            segments.push(Segment {
                address: placed.address,
                length: take,
            });
        }
    }
    segments
}

/// Number of memory pages that the segments touch, counted for each segment (`iov_iter_npages`).
fn pages(segments: &[Segment]) -> u64 {
    let touched = |segment: &Segment| (segment.address % PAGE + segment.length).div_ceil(PAGE);
    segments.iter().map(touched).sum()
}

/// The vectors that a driver gets: segments that touch are joined, and cut at the end of each
/// memory page of `page` bytes.
fn page_pieces(segments: &[Segment], page: u64) -> impl Iterator<Item = Segment> {
    let mut joined: Vec<Segment> = Vec::new();
    for segment in segments {
        match joined.last_mut() {
            Some(last) if last.address + last.length == segment.address => {
                last.length += segment.length;
            }
            _ => joined.push(*segment),
        }
    }
    joined.into_iter().flat_map(move |segment| {
        let (mut at, end) = (segment.address, segment.address + segment.length);
        std::iter::from_fn(move || {
            let next = ((at / page + 1) * page).min(end);
            let piece = Segment {
                address: at,
                length: next - at,
            };
            at = next;
            (piece.length != 0).then_some(piece)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_with_their_page() {
        let segment = |address, length| Segment { address, length };
        let lengths = |segments: &[Segment]| -> Vec<u64> {
            page_pieces(segments, PAGE)
                .map(|piece| piece.length)
                .collect()
        };
        assert_eq!(
            lengths(&[segment(512, 4096), segment(4608, 100)]),
            [3584, 612]
        );
        assert_eq!(
            lengths(&[segment(0, 512), segment(8192, 3584)]),
            [512, 3584]
        );
    }
}
