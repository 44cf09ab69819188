//! What the kernel will answer, by the rule function and what is known of the place.

use dio_trace_ebpf::{
    rules::{Geometry, Limits, Segment, violations},
    words::{Operation, Reasons, RuleSet},
};

use super::place::{Front, Late, Made};
use crate::workload::{Call, Region, answer::Answer};

/// A prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prediction {
    /// Done directly.
    Direct {
        /// Although it breaks the rule in force, as nobody looked.
        unchecked: bool,
    },
    /// Done by the page cache.
    Buffered,
    /// Done, whether directly or by the page cache is not laid down.
    Done,
    /// Done by the page cache or refused by the engine with EINVAL: which of them gets to see it is
    /// not laid down.
    Unknown,
    /// Refused with one of these.
    Rejected(&'static [i64]),
}

const PAGE: u64 = 4096;
const EINVAL: &[i64] = &[-22];
const EIO: &[i64] = &[-5];
const EINVAL_OR_EIO: &[i64] = &[-22, -5];
/// `block/fops.c` takes more pages than this through `__blockdev_direct_IO`'s many bios, where a
/// failure to build one is EIO up to 7.2 and EINVAL from 7.3.
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
        // Every engine returns 0 before it looks at anything.
        return Prediction::Direct { unchecked: false };
    }
    // A block device cuts the request at its end before it looks (blkdev_read_iter).
    let seen = if is_read && !region.is_file() {
        end.min(region.size)
    } else {
        end
    };
    let given = cut(answer, seen - answer.offset);
    let registered = answer.call == Call::RingFixed;
    // Registered memory comes page by page, and each piece counts as a segment
    // (iov_iter_aligned_bvec, up to 6.17).
    let pieces: Vec<Segment> = page_pieces(&given).collect();
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
                // Of what is in flight at the exit nobody asks the page cache whether it served it.
                (true, true) if answer.result.is_none() => Prediction::Done,
                (true, true) => Prediction::Direct { unchecked: false },
                (true, false) => Prediction::Done,
            };
        }
        Front::F2fs if !to_block(4095) && to_block(block) => return Prediction::Buffered,
        Front::F2fs | Front::Common | Front::Legacy => {}
    }
    // Up to 5.16, f2fs was on the legacy engine, which looks before it meets the hole.
    let looks_first = place.front == Front::F2fs && rule_set == RuleSet::LogicalBlock;
    if is_read && place.holes && !looks_first && region.is_unwritten(answer.offset) {
        return Prediction::Direct { unchecked: false };
    }
    let rule_set = if place.front == Front::Legacy {
        RuleSet::LogicalBlock
    } else {
        rule_set
    };
    let by_rules = |segments: &[Segment]| {
        let early = common(made, rule_set, answer, segments);
        if registered && rule_set == RuleSet::DmaSegment {
            // Of a raw device `__blkdev_direct_IO_async` hands registered vectors on as they are
            // (`bio_iov_bvec_set`): who splits the bio looks at them, or who is below, or nobody.
            let late = common(made, RuleSet::DmaSegmentLate, answer, segments);
            if late != early {
                return Prediction::Unknown;
            }
        }
        early
    };
    let prediction = by_rules(segments);
    // Pages of huge ones are joined by some kernels (`io_coalesce_buffer`, from 6.12).
    if registered && made.place.takes_huge_pages() && by_rules(&given) != prediction {
        return Prediction::Unknown;
    }
    prediction
}

/// The common rules, with what stands below the device.
fn common(made: &Made<'_>, rule_set: RuleSet, answer: &Answer, segments: &[Segment]) -> Prediction {
    let broken_on = |limits: &Limits| {
        let geometry = Geometry::fold(
            answer.offset,
            segments.iter().copied(),
            limits.virt_boundary_mask,
        );
        (violations(&geometry, limits, rule_set), geometry)
    };
    let (own, geometry) = broken_on(&made.limits);
    let rejected = if made.place.is_raw() && pages(segments) > ONE_BIO {
        Prediction::Rejected(EINVAL_OR_EIO)
    } else {
        Prediction::Rejected(EINVAL)
    };
    if rule_set == RuleSet::DmaAddress && empty_offends(answer, made.limits.dma_alignment) {
        return rejected;
    }
    let whole = Reasons::TOTAL_LENGTH.with(Reasons::FILE_OFFSET);
    if rule_set != RuleSet::DmaSegmentLate || own.0 & whole.0 != 0 {
        return if own.is_empty() {
            Prediction::Direct { unchecked: false }
        } else {
            rejected
        };
    }
    let accepted = Prediction::Direct {
        unchecked: !own.is_empty(),
    };
    let below = Limits {
        logical_block_size: made.limits.logical_block_size,
        ..made.below
    };
    match made.place.late {
        Late::Own if own.is_empty() || (geometry.in_one_page() && !made.has_chunks) => accepted,
        Late::Own => rejected,
        Late::Nobody => accepted,
        Late::Below if broken_on(&below).0.is_empty() => accepted,
        Late::Below => Prediction::Rejected(EINVAL_OR_EIO),
        Late::Crypt(sector) => {
            let is_read = answer.operation == Operation::Read;
            if is_read && !broken_on(&below).0.is_empty() {
                Prediction::Rejected(EINVAL_OR_EIO)
            } else if page_pieces(segments).all(|piece| piece.length.is_multiple_of(sector)) {
                accepted
            } else {
                Prediction::Rejected(EIO)
            }
        }
    }
}

/// Whether an empty segment in front of a full one lies at a bad address: from 6.0 to 6.17 its
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

/// Pages of memory that the segments touch, each for itself (`iov_iter_npages`).
fn pages(segments: &[Segment]) -> u64 {
    let touched = |segment: &Segment| (segment.address % PAGE + segment.length).div_ceil(PAGE);
    segments.iter().map(touched).sum()
}

/// The vectors that a driver sees one by one: segments that touch are joined, and cut
/// where a page of memory ends.
fn page_pieces(segments: &[Segment]) -> impl Iterator<Item = Segment> {
    let mut joined: Vec<Segment> = Vec::new();
    for segment in segments {
        match joined.last_mut() {
            Some(last) if last.address + last.length == segment.address => {
                last.length += segment.length;
            }
            _ => joined.push(*segment),
        }
    }
    joined.into_iter().flat_map(|segment| {
        let (mut at, end) = (segment.address, segment.address + segment.length);
        std::iter::from_fn(move || {
            let next = ((at / PAGE + 1) * PAGE).min(end);
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
            page_pieces(segments).map(|piece| piece.length).collect()
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
