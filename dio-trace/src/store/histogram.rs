//! Histograms of the alignments of captured requests.
//!
//! Alignments are powers of two: 17 exact buckets, where hdrhistogram would keep ranges.

use crate::model::{Request, Verdict};

/// Number of buckets: powers of two from 1 byte to the cap of 65,536.
pub const BUCKETS: usize = 17;

/// The subject of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Memory addresses of all segments.
    Memory = 0,
    /// Lengths of all segments.
    Length = 1,
    /// Offset in the file or device.
    Offset = 2,
}

impl Axis {
    /// All subjects.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Length, Self::Offset];
}

/// Captured requests by alignment and verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: [[[u32; Verdict::ALL.len()]; BUCKETS]; Axis::ALL.len()],
}

impl Histogram {
    /// Adds one captured request.
    pub fn add(&mut self, verdict: Verdict, request: &Request) {
        let geometry = &request.geometry;
        for (axis, alignment) in [
            (Axis::Memory, geometry.memory_alignment()),
            (Axis::Length, geometry.length_alignment()),
            (Axis::Offset, geometry.offset_alignment()),
        ] {
            let bucket = (alignment.trailing_zeros() as usize).min(BUCKETS - 1);
            let count = &mut self.counts[axis as usize][bucket][verdict as usize];
            *count = count.saturating_add(1);
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        let own = self.counts.as_flattened_mut().as_flattened_mut();
        for (count, more) in own
            .iter_mut()
            .zip(other.counts.as_flattened().as_flattened())
        {
            *count = count.saturating_add(*more);
        }
    }

    /// Requests whose alignment is exactly `2^bucket` bytes (the last: that or more), by verdict.
    #[must_use]
    pub fn bucket(&self, axis: Axis, bucket: usize) -> [u32; Verdict::ALL.len()] {
        self.counts[axis as usize]
            .get(bucket)
            .copied()
            .unwrap_or_default()
    }

    /// Number of requests counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts[0]
            .as_flattened()
            .iter()
            .map(|count| u64::from(*count))
            .sum()
    }
}
