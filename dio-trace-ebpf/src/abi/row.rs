//! A row of the table of requests in flight: what is sent, and what only the probes need.

use bytemuck::{Pod, Zeroable};

use super::request::Request;
use crate::rules::Fold;

/// A request, and the progress of the walk over its segments. The progress lies here and not on a
/// program's stack, which the verifier tracks: it would walk the segments one by one.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Row {
    /// The request. First, so that its address is that of the row.
    pub request: Request,
    /// The walk over its segments.
    pub walk: Walk,
}

/// A walk over the segments of a request, and what it has gathered so far.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Walk {
    /// Address of the array of `struct iovec`, `kvec` or `bio_vec`; all are 16 bytes.
    pub segments: u64,
    /// Length of that array.
    pub segment_count: u64,
    /// Bytes of the first segment that are already consumed; 0 from the second segment on.
    pub skip: u64,
    /// Bytes not yet walked. They may end inside a segment.
    pub left: u64,
    /// The geometry of the segments so far.
    pub fold: Fold,
    /// Mask of the logical block size.
    pub block: u32,
    /// Index of the next segment.
    pub index: u32,
    /// 1: the array is of `struct bio_vec` (page, length, offset).
    pub pages: u32,
    /// Zero.
    pub reserved: u32,
}
