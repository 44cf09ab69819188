//! Laws of folding segments.

use crate::asked::{limits, requests};
use dio_trace_ebpf::rules::{ALIGNMENT_CAP, Fold, Geometry, Segment, alignment_of};
use proptest::prelude::*;

/// Largest power of two, up to the cap, that divides all values.
fn naive_alignment(values: &[u64]) -> u32 {
    let mut alignment = ALIGNMENT_CAP;
    while values.iter().any(|value| value % u64::from(alignment) != 0) {
        alignment /= 2;
    }
    alignment
}

proptest! {
    #[test]
    fn alignments_divide_every_value_and_none_larger_does(asked in requests(20), limits in limits()) {
        let geometry = asked.geometry(&limits);
        let full = asked.segments.iter().filter(|segment| segment.length != 0);
        let (addresses, lengths): (Vec<_>, Vec<_>) =
            full.map(|segment| (segment.address, segment.length)).unzip();
        prop_assert_eq!(geometry.memory_alignment(), naive_alignment(&addresses));
        prop_assert_eq!(geometry.length_alignment(), naive_alignment(&lengths));
        prop_assert_eq!(geometry.offset_alignment(), naive_alignment(&[asked.offset]));
    }

    #[test]
    fn alignment_of_bits_is_that_of_their_values(values in prop::collection::vec(0u64..1 << 20, 0..6)) {
        let bits = values.iter().fold(0, |bits, &value| bits | value as u32);
        let naive = naive_alignment(&values);
        prop_assert_eq!(alignment_of(bits), naive);
    }

    #[test]
    fn counts_and_lengths_add_up(asked in requests(20), limits in limits()) {
        let geometry = asked.geometry(&limits);
        let full = asked.segments.iter().filter(|segment| segment.length != 0);
        prop_assert_eq!(geometry.segment_count as usize, full.clone().count());
        prop_assert_eq!(geometry.length, full.map(|segment| segment.length).sum::<u64>());
        prop_assert!(geometry.merged_count <= geometry.segment_count);
    }

    #[test]
    fn empty_segments_count_by_their_address_alone(asked in requests(12), limits in limits(), at in any::<u64>()) {
        let with_empty = asked
            .segments
            .iter()
            .flat_map(|&segment| [segment, Segment { address: at, length: 0 }]);
        let folded = Geometry::fold(asked.offset, with_empty, limits.virt_boundary_mask);
        let plain = asked.geometry(&limits);
        let without = Geometry { empty_address_bits: plain.empty_address_bits, ..folded };
        prop_assert_eq!(without, plain);
        if plain.segment_count > 1 {
            prop_assert_eq!(folded.empty_address_bits & at as u32 & 0xffff, at as u32 & 0xffff);
        }
    }

    #[test]
    fn one_segment_needs_no_folding(offset: u64, address in 1u64..1 << 47, length in 1u64..1 << 31) {
        let segment = Segment { address, length };
        prop_assert_eq!(Geometry::single(offset, segment), Geometry::fold(offset, [segment], 4095));
    }

    #[test]
    fn cutting_a_segment_changes_only_what_is_told_of_segments(
        asked in requests(12),
        limits in limits(),
        which: prop::sample::Index,
        cut: prop::sample::Index,
    ) {
        let whole = asked.geometry(&limits);
        let mut segments = asked.segments.clone();
        let index = which.index(segments.len());
        let segment = segments[index];
        prop_assume!(segment.length > 1);
        let first = 1 + cut.index(segment.length as usize - 1) as u64;
        segments[index].length = first;
        let rest = Segment { address: segment.address + first, length: segment.length - first };
        segments.insert(index + 1, rest);
        let parts = Geometry::fold(asked.offset, segments, limits.virt_boundary_mask);
        prop_assert_eq!(
            Geometry {
                segment_count: whole.segment_count,
                address_bits: whole.address_bits,
                length_bits: whole.length_bits,
                ..parts
            },
            whole
        );
        prop_assert_eq!(parts.segment_count, whole.segment_count + 1);
    }

    #[test]
    fn folding_may_stop_and_go_on(asked in requests(20), limits in limits(), at: prop::sample::Index) {
        let mut fold = Fold::new(asked.offset, limits.virt_boundary_mask);
        let (head, tail) = asked.segments.split_at(at.index(asked.segments.len()));
        head.iter().for_each(|&segment| fold.push(segment));
        let mut later = fold;
        tail.iter().for_each(|&segment| later.push(segment));
        prop_assert_eq!(later.finish(), asked.geometry(&limits));
    }

    #[test]
    fn in_one_page_means_that_first_and_last_byte_share_it(asked in requests(3), limits in limits()) {
        let geometry = asked.geometry(&limits);
        let full: Vec<_> = asked.segments.iter().filter(|segment| segment.length != 0).collect();
        if let (Some(first), Some(last)) = (full.first(), full.last()) {
            let touching =
                full.windows(2).all(|pair| pair[0].address + pair[0].length == pair[1].address);
            let page = |address: u64| address / 4096;
            let inside = page(first.address) == page(last.address + last.length - 1);
            prop_assert_eq!(geometry.in_one_page(), touching && inside);
        }
    }
}
