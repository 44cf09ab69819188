//! The rules of each kernel generation, and those that a request breaks.

use crate::{
    rules::{Geometry, Limits},
    verifier::is_nonzero,
    words::{Engine, Reason, Reasons, RuleSet},
};

/// Departures of a request from full alignment: address, every segment length, total length and
/// offset as multiples of the logical block size, and of the DMA alignment on the rare device where
/// that is coarser. Empty means it would work under every rule set.
#[must_use]
#[inline(always)]
pub fn deviations(geometry: &Geometry, limits: &Limits) -> Reasons {
    let (block, dma) = (limits.logical_block_mask(), limits.dma_alignment);
    let address = geometry.address_bits & (block | dma) | geometry.empty_address_bits & dma;
    reasons(
        geometry,
        block,
        address,
        geometry.length_bits & (block | dma),
        0,
    )
}

/// The rules of `rule_set` that a request breaks; empty means it is accepted.
///
/// | rule set | source |
/// |---|---|
/// | `logical-block` | `iomap_dio_bio_actor`/`iomap_dio_bio_iter`, `__blockdev_direct_IO`, `do_blockdev_direct_IO`, up to 5.19 |
/// | `dma-address` | `bdev_iter_is_aligned` → `iov_iter_is_aligned(iter, dma_alignment, logical_block_size - 1)`, 6.0 to 6.17 |
/// | `dma-segment-late` | `bio_split_io_at`, 6.18 to 7.1 |
/// | `dma-segment` | `iov_iter_extract_bvecs`, from 7.2 stable and 7.3; gaps still split in `bio_split_io_at` |
#[must_use]
#[inline(always)]
pub fn violations(geometry: &Geometry, limits: &Limits, rule_set: RuleSet) -> Reasons {
    let block = limits.logical_block_mask();
    let dma = limits.dma_alignment;
    let (address, length, split) = match rule_set {
        RuleSet::LogicalBlock => (
            geometry.address_bits & block,
            geometry.length_bits & block,
            0,
        ),
        RuleSet::DmaAddress => (
            (geometry.address_bits | geometry.empty_address_bits) & dma,
            geometry.length_bits & block,
            0,
        ),
        RuleSet::DmaSegmentLate => (
            geometry.merged_address_bits & dma,
            geometry.merged_length_bits & dma,
            geometry.split_bits & block,
        ),
        RuleSet::DmaSegment => (
            geometry.address_bits & dma,
            geometry.length_bits & dma,
            geometry.split_bits & block,
        ),
        RuleSet::Unknown => return Reasons::NONE,
    };
    reasons(geometry, block, address, length, split)
}

/// The reasons for which bits are left over; total length and offset are always whole blocks.
#[inline(always)]
fn reasons(geometry: &Geometry, block: u32, address: u32, length: u32, split: u32) -> Reasons {
    // Without branches, or the verifier would walk every combination of reasons.
    let block = u64::from(block);
    Reasons(Reason::fold(0, |broken, reason| {
        let left_over = match reason {
            Reason::MemoryAddress => u64::from(address),
            Reason::SegmentLength => u64::from(length),
            Reason::TotalLength => geometry.length & block,
            Reason::FileOffset => geometry.offset & block,
            Reason::VirtBoundary => u64::from(split),
            // Rules of their own, whatever the rule set (`atomic_violations`).
            Reason::AtomicLength | Reason::AtomicOffset | Reason::AtomicSegments => return broken,
        };
        broken | reason.bit() & is_nonzero(left_over).wrapping_neg() as u32
    }))
}

/// The rule sets of kernels that would accept a request on these limits, by the rules of the engine that
/// carries it; all where the engine has none.
pub fn portability(
    engine: Engine,
    geometry: &Geometry,
    limits: &Limits,
) -> impl Iterator<Item = RuleSet> {
    let (geometry, limits) = (*geometry, *limits);
    RuleSet::KNOWN.iter().copied().filter(move |rule_set| {
        !engine.has_rules() || violations(&geometry, &limits, engine.rule_set(*rule_set)).is_empty()
    })
}
