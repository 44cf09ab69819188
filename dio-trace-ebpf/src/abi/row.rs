//! What the probes keep of a request in flight, besides what they send.

use bytemuck::{Pod, Zeroable};

use super::request::Request;
use crate::rules::Fold;

/// A request, and how far the walk over its segments is. Here and not on a program's stack, of which
/// the verifier keeps account: it would walk the segments one by one.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Row {
    /// The request. First, so that its address is that of the row.
    pub request: Request,
    /// The walk over its segments.
    pub walk: Walk,
}

/// A walk over the segments of a request, and what was gathered on the way.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Walk {
    /// Address of the array of `struct iovec`, `kvec` or `bio_vec`; all are 16 bytes.
    pub segments: u64,
    /// How many there are.
    pub segment_count: u64,
    /// Bytes of the first segment that are used up; zero from the second on.
    pub skip: u64,
    /// Bytes still to come, which may end inside a segment.
    pub left: u64,
    /// The segments so far.
    pub fold: Fold,
    /// Mask of the logical block size.
    pub block: u32,
    /// Number of the next segment.
    pub index: u32,
    /// 1: `struct bio_vec`, which is page, length, offset.
    pub pages: u32,
    /// Zero.
    pub reserved: u32,
}
