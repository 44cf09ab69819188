//! Requests and limits of every kind, for the laws.

use dio_trace_ebpf::{
    rules::{Geometry, Limits, Segment},
    words::RuleSet,
};
use proptest::prelude::*;

/// A request as a program lays it out.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) offset: u64,
    pub(crate) segments: Vec<Segment>,
}

impl Asked {
    /// Folded for a device with these limits.
    pub(crate) fn geometry(&self, limits: &Limits) -> Geometry {
        Geometry::fold(
            self.offset,
            self.segments.iter().copied(),
            limits.virt_boundary_mask,
        )
    }
}

/// Requests of up to `most` segments in ascending order, often aligned, often touching, half of
/// them of whole blocks in all and in a whole place.
pub(crate) fn requests(most: usize) -> impl Strategy<Value = Asked> {
    let unit = prop_oneof![
        Just(1u64),
        Just(4),
        Just(100),
        Just(512),
        Just(512),
        Just(4096)
    ];
    let segment = (0u64..40, 0u64..20, any::<bool>());
    let parts = prop::collection::vec(segment, 1..=most);
    (parts, unit.clone(), unit, 0u64..1 << 30, any::<bool>()).prop_map(
        |(parts, address_unit, length_unit, offset, whole)| {
            let mut at = 0x7f00_0000_0000u64;
            let mut segments = Vec::new();
            for (step, count, touching) in parts {
                if !touching {
                    at = (at + step * address_unit).next_multiple_of(address_unit);
                }
                let length = count * length_unit;
                segments.push(Segment {
                    address: at,
                    length,
                });
                at += length;
            }
            let total: u64 = segments.iter().map(|segment| segment.length).sum();
            if let Some(last) = segments.last_mut().filter(|_| whole) {
                last.length += total.next_multiple_of(1 << 14) - total;
            }
            let offset = if whole {
                offset >> 14 << 14
            } else {
                offset / length_unit * length_unit
            };
            Asked { offset, segments }
        },
    )
}

/// Limits that a device may have.
pub(crate) fn limits() -> impl Strategy<Value = Limits> {
    (9u32..=14, 0u32..=12, prop_oneof![Just(0u32), Just(4095)]).prop_map(
        |(block, dma, virt_boundary_mask)| Limits {
            logical_block_size: 1 << block,
            physical_block_size: 1 << block,
            dma_alignment: (1 << dma) - 1,
            virt_boundary_mask,
            filesystem_block_size: 4096,
        },
    )
}

/// Limits as all devices but a few have them: DMA asks for no more than a block.
pub(crate) fn ordinary_limits() -> impl Strategy<Value = Limits> {
    limits().prop_map(|limits| Limits {
        dma_alignment: limits.dma_alignment & limits.logical_block_mask(),
        ..limits
    })
}

/// Any rule set whose rules are known.
pub(crate) fn rule_sets() -> impl Strategy<Value = RuleSet> {
    prop::sample::select(RuleSet::KNOWN)
}
