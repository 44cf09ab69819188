//! Laws of the rule function.

use crate::asked::{Asked, limits, ordinary_limits, requests, rule_sets};
use dio_trace_ebpf::{
    rules::{Limits, Segment, deviations, portability, violations},
    words::{Engine, Reason, Reasons, RuleSet},
};
use proptest::prelude::*;

/// From strictest to mildest, on a device whose DMA asks for no more than a block.
const MILDER: [RuleSet; 4] = [
    RuleSet::LogicalBlock,
    RuleSet::DmaAddress,
    RuleSet::DmaSegment,
    RuleSet::DmaSegmentLate,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn stricter_limits_never_accept_more(
        asked in requests(12),
        mild in limits(),
        strict in limits(),
        rule_set in rule_sets(),
    ) {
        let strict = Limits {
            logical_block_size: mild.logical_block_size.max(strict.logical_block_size),
            dma_alignment: mild.dma_alignment | strict.dma_alignment,
            virt_boundary_mask: mild.virt_boundary_mask | strict.virt_boundary_mask,
            ..strict
        };
        let broken = violations(&asked.geometry(&mild), &mild, rule_set);
        let broken_by_strict = violations(&asked.geometry(&strict), &strict, rule_set);
        prop_assert!(broken.without(broken_by_strict).is_empty(), "{broken:?} {broken_by_strict:?}");
    }

    #[test]
    fn each_rule_set_accepts_what_a_stricter_one_does(
        asked in requests(12),
        limits in ordinary_limits(),
    ) {
        let geometry = asked.geometry(&limits);
        // Only `dma-address` looks at empty segments.
        prop_assume!(geometry.empty_address_bits & limits.dma_alignment == 0);
        let accepted = MILDER.map(|rule_set| violations(&geometry, &limits, rule_set).is_empty());
        prop_assert!(accepted.is_sorted(), "{accepted:?}");
    }

    #[test]
    fn what_is_fully_aligned_is_accepted_by_all(asked in requests(12), limits in limits()) {
        let geometry = asked.geometry(&limits);
        if deviations(&geometry, &limits).is_empty() {
            prop_assert_eq!(portability(Engine::Iomap, &geometry, &limits).count(), RuleSet::KNOWN.len());
        }
    }

    #[test]
    fn what_a_rule_set_refuses_is_not_fully_aligned(
        asked in requests(12),
        limits in limits(),
        rule_set in rule_sets(),
    ) {
        let geometry = asked.geometry(&limits);
        if !violations(&geometry, &limits, rule_set).is_empty() {
            prop_assert!(!deviations(&geometry, &limits).is_empty());
        }
    }

    #[test]
    fn portability_holds_just_the_rule_sets_that_break_nothing(
        asked in requests(12),
        limits in limits(),
        rule_set in rule_sets(),
    ) {
        let geometry = asked.geometry(&limits);
        let portable = portability(Engine::Iomap, &geometry, &limits).any(|listed| listed == rule_set);
        prop_assert_eq!(portable, violations(&geometry, &limits, rule_set).is_empty());
    }

    #[test]
    fn each_reason_is_what_its_name_says(asked in requests(12), limits in limits()) {
        let reasons = violations(&asked.geometry(&limits), &limits, RuleSet::LogicalBlock);
        let block = u64::from(limits.logical_block_size);
        let full = || asked.segments.iter().filter(|segment| segment.length != 0);
        let total: u64 = full().map(|segment| segment.length).sum();
        let expected = Reasons::NONE
            .with_if(Reason::MemoryAddress, full().any(|segment| !segment.address.is_multiple_of(block)))
            .with_if(Reason::SegmentLength, full().any(|segment| !segment.length.is_multiple_of(block)))
            .with_if(Reason::TotalLength, !total.is_multiple_of(block))
            .with_if(Reason::FileOffset, !asked.offset.is_multiple_of(block));
        prop_assert_eq!(reasons, expected);
    }

    #[test]
    fn a_gap_is_refused_just_where_splitting_a_bio_fails(
        asked in requests(20),
        limits in ordinary_limits(),
    ) {
        let geometry = asked.geometry(&limits);
        let broken = violations(&geometry, &limits, RuleSet::DmaSegment);
        let others = broken.without(Reasons::of(&[Reason::VirtBoundary]));
        if others.is_empty() {
            prop_assert_eq!(broken.is_empty(), can_be_split(&asked, &limits));
        }
    }

    #[test]
    fn late_checking_sees_touching_segments_as_one(
        asked in requests(12),
        limits in limits(),
    ) {
        let joined = Asked { segments: join(&asked.segments), ..asked.clone() };
        prop_assert_eq!(
            violations(&asked.geometry(&limits), &limits, RuleSet::DmaSegmentLate),
            violations(&joined.geometry(&limits), &limits, RuleSet::DmaSegmentLate)
        );
        // To early checking of the joined request it makes no difference.
        prop_assert_eq!(
            violations(&joined.geometry(&limits), &limits, RuleSet::DmaSegmentLate),
            violations(&joined.geometry(&limits), &limits, RuleSet::DmaSegment)
        );
    }
}

/// `bio_split_io_at` (block/blk-merge.c) step by step: a bio ends before a gap, on a whole number
/// of blocks, and one that would hold no block at all cannot be made.
fn can_be_split(asked: &Asked, limits: &Limits) -> bool {
    let block = u64::from(limits.logical_block_size);
    let boundary = u64::from(limits.virt_boundary_mask);
    let mut vectors: std::collections::VecDeque<Segment> = join(&asked.segments).into();
    while !vectors.is_empty() {
        let (mut bytes, mut end) = (0, None);
        let gap = vectors.iter().any(|vector| {
            if end.is_some_and(|end| (end | vector.address) & boundary != 0) {
                return true;
            }
            bytes += vector.length;
            end = Some(vector.address + vector.length);
            false
        });
        if !gap {
            return true;
        }
        let mut taken = bytes / block * block;
        if taken == 0 {
            return false;
        }
        while taken != 0 {
            let Some(mut vector) = vectors.pop_front() else {
                break;
            };
            let part = vector.length.min(taken);
            taken -= part;
            vector.address += part;
            vector.length -= part;
            if vector.length != 0 {
                vectors.push_front(vector);
            }
        }
    }
    true
}

/// Non-empty segments, with those that touch made one.
fn join(segments: &[Segment]) -> Vec<Segment> {
    let mut joined: Vec<Segment> = Vec::new();
    for segment in segments.iter().filter(|segment| segment.length != 0) {
        match joined.last_mut() {
            Some(last) if last.address + last.length == segment.address => {
                last.length += segment.length;
            }
            _ => joined.push(*segment),
        }
    }
    joined
}
