//! The requests that nearly all are: done whole, directly, and aligned.

use crate::rules::{Geometry, Limits, Outcome, Route};

/// Whether a finished request is told at a glance to be aligned: [`judge`](super::judge) then says
/// [`Verdict::Aligned`](crate::words::Verdict::Aligned), without reasons or flags, under every rule
/// set. It says so of a few more, and takes ten times as long.
#[must_use]
#[inline(always)]
pub const fn is_plain(geometry: &Geometry, limits: &Limits, outcome: &Outcome) -> bool {
    let block = limits.logical_block_mask();
    let memory = geometry.address_bits
        | geometry.empty_address_bits
        | geometry.length_bits
        | geometry.split_bits;
    let in_file = geometry.offset | geometry.length;
    let marked = outcome.copied
        || outcome.whole_page_device
        || outcome.forced_wait
        || matches!(outcome.route, Route::None);
    !marked
        && outcome.result >= 0
        && outcome.result as u64 == geometry.length
        && outcome.direct_bytes >= geometry.length
        && memory & (block | limits.dma_alignment) == 0
        && in_file & block as u64 == 0
}
