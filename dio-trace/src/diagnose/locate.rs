//! Finds the offending segment.

use crate::model::{RuleSet, Segment};

/// Number of segments that the probes keep from the start. One more entry is the first offending
/// segment after them, whose number is unknown.
const KEPT: usize = dio_trace_ebpf::abi::request::SEGMENTS_KEPT;

/// One segment, or several that touch in memory and are checked as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Number of the first segment, from 0; `None` for one after the kept ones.
    pub(super) index: Option<usize>,
    /// Number of segments joined in it.
    pub(super) joined: usize,
    /// Address and length.
    pub(super) segment: Segment,
}

/// The pieces that `rule_set` checks one by one: from 6.18 to 7.1 segments that touch are joined
/// first.
pub(super) fn pieces(segments: &[Segment], rule_set: RuleSet) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (position, segment) in segments.iter().enumerate() {
        let index = (position < KEPT).then_some(position);
        let touching = pieces.last_mut().filter(|last| {
            let end = last.segment.address.wrapping_add(last.segment.length);
            rule_set == RuleSet::DmaSegmentLate && index.is_some() && end == segment.address
        });
        match touching {
            Some(last) => {
                last.segment.length += segment.length;
                last.joined += 1;
            }
            None => pieces.push(Piece {
                index,
                joined: 1,
                segment: *segment,
            }),
        }
    }
    pieces
}

/// A gap between two segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// Number of the segment before it, from 0.
    pub(super) index: usize,
    /// Address at which that segment ends.
    pub(super) end: u64,
    /// Address at which the next one begins.
    pub(super) start: u64,
    /// Bytes of the request before the gap.
    pub(super) distance: u64,
}

/// The first gap that breaks the boundary (a mask) at a place where the request cannot be split
/// into whole blocks (a mask).
pub(super) fn bad_gap(segments: &[Segment], boundary: u64, block: u64) -> Option<Gap> {
    let mut distance = 0;
    let kept = segments.get(..KEPT).unwrap_or(segments);
    kept.windows(2).enumerate().find_map(|(index, pair)| {
        let [before, after] = pair else { return None };
        distance += before.length;
        let end = before.address.wrapping_add(before.length);
        let bad =
            end != after.address && (end | after.address) & boundary != 0 && distance & block != 0;
        bad.then_some(Gap {
            index,
            end,
            start: after.address,
            distance,
        })
    })
}
