//! Plain requests: done whole, directly, and aligned, as nearly all are.

use crate::{
    rules::{Geometry, Limits},
    verifier::{is_less, is_nonzero},
};

/// Whether a finished request is aligned at a glance: [`judge`](super::judge) then says
/// [`Verdict::Aligned`](crate::words::Verdict::Aligned), without reasons or flags, under every rule
/// set. `judge` finds a few more, and takes ten times as long.
///
/// `result` and `direct_bytes` as in [`Outcome`](super::Outcome), `is_write` is 1 for a write, else 0.
/// `marked` is 0 unless another fact of the outcome may have a flag, or no engine carried it
/// ([`Engine::None`](crate::words::Engine::None)).
#[must_use]
#[inline(always)]
pub fn is_plain(
    geometry: &Geometry,
    limits: &Limits,
    is_write: u64,
    result: i64,
    direct_bytes: u64,
    marked: u64,
) -> bool {
    let block = limits.logical_block_mask();
    let memory = geometry.address_bits
        | geometry.empty_address_bits
        | geometry.length_bits
        | geometry.split_bits;
    let in_file = geometry.offset | geometry.length;
    // A disk that writes larger blocks than it addresses has to read what a write leaves out.
    let physical = limits.physical_block_mask() & is_write.wrapping_neg() as u32;
    let misaligned =
        u64::from(memory & (block | limits.dma_alignment)) | in_file & u64::from(block | physical);
    let not_whole = result.cast_unsigned() ^ geometry.length;
    let not_direct = is_less(direct_bytes, geometry.length);
    // Without branches, each of which the verifier would follow to what comes next.
    is_nonzero(marked | misaligned | not_whole | not_direct) == 0
}
