//! Laws of what a request's row amounts to at its end.

use crate::asked::{limits, requests, rule_sets};
use dio_trace_ebpf::{
    abi::request::{Request, state},
    lifecycle::{is_plain_request, outcome},
    rules::{Limits, OwnBlocks, judge},
    words::{Engine, Flag, Flags, Operation, Reasons, RuleSet, Verdict},
};
use proptest::prelude::*;

/// Bits that say how a request went; the others say who still has to look at its row.
const FACTS: [u32; 14] = [
    state::DIRECT,
    state::COPIED,
    state::NO_RULE,
    state::WHOLE_PAGE_DEVICE,
    state::FORCED_WAIT,
    state::BLOCK_RULE,
    state::RAW_DEVICE,
    state::DEVICE_LOOKS,
    state::ATOMIC,
    state::WHOLE_BLOCKS,
    state::OWN_MEMORY,
    state::OWN_PLACE,
    state::ODD_START,
    state::HANDS_DOWN,
];

/// Rows with at most two facts, as most have: with more, hardly any would be plain.
fn rows() -> impl Strategy<Value = Request> {
    let facts = prop::collection::vec(prop::sample::select(&FACTS[..]), 0..3);
    let engine = prop::sample::select(Engine::ALL);
    let numbers = (facts, engine, 0..3_u32, any::<bool>(), any::<bool>());
    let size = prop_oneof![Just(0_u64), Just(1 << 40), 0_u64..1 << 31];
    (requests(3), limits(), numbers, size).prop_map(
        |(asked, limits, (facts, engine, bios, write, whole), file_size)| {
            let mut row: Request = bytemuck::zeroed();
            row.geometry = asked.geometry(&limits);
            row.origin.limits = limits;
            row.direct_bytes = if whole { row.geometry.length } else { 0 };
            row.file_size = file_size;
            row.engine = engine as u8;
            row.bios = bios;
            row.state = facts.into_iter().fold(0, |all, fact| all | fact);
            if row.state & state::RAW_DEVICE != 0 {
                // A device does no more than it holds.
                row.file_size = row.geometry.offset + row.geometry.length;
            }
            row.operation = if write {
                Operation::Write as u8
            } else {
                Operation::Read as u8
            };
            row
        },
    )
}

proptest! {
    /// The look that nearly all requests end with must not lose what the rules would say. A new fact of a
    /// row that it forgets shows here, once `FACTS` has it.
    #[test]
    fn a_row_that_looks_plain_is_aligned_by_the_rules(row in rows(), rule_set in rule_sets()) {
        let result = row.geometry.length as i64;
        if is_plain_request(&row, result) {
            let limits = row.origin.limits;
            let judgement = judge(&row.geometry, &limits, rule_set, &outcome(&row, result, rule_set));
            prop_assert_eq!(judgement.verdict, Verdict::Aligned);
            prop_assert_eq!(judgement.reasons, Reasons::NONE);
            prop_assert_eq!(judgement.flags.without(Flags::of(&[Flag::EndOfFile])), Flags::NONE);
        }
    }

    #[test]
    fn a_failure_is_never_plain(row in rows(), error in 1..600_i64) {
        prop_assert!(!is_plain_request(&row, -error));
    }
}

/// A read of 4 KiB at 8 KiB, of a file of 10 KiB on blocks of 4 KiB.
fn read_at_the_end() -> Request {
    let mut row: Request = bytemuck::zeroed();
    row.geometry.offset = 8192;
    row.geometry.length = 4096;
    row.file_size = 10_240;
    row.engine = Engine::Iomap as u8;
    row.origin.limits = Limits {
        dma_alignment: 511,
        filesystem_block_size: 4096,
        ..Limits::default()
    };
    row
}

#[test]
fn a_short_read_at_the_end_is_no_fault() {
    let row = read_at_the_end();
    let of = |result| outcome(&row, result, RuleSet::DmaSegment);
    assert!(of(2048).end_of_file);
    assert!(!of(1024).end_of_file);
    assert!(!of(-5).end_of_file);
    assert!(!of(4096).end_of_file);
}

#[test]
fn a_write_does_not_end_at_the_end_of_a_file_but_extends_it() {
    let mut row = read_at_the_end();
    row.operation = Operation::Write as u8;
    let of = |row: &Request, result| outcome(row, result, RuleSet::DmaSegment);
    assert!(!of(&row, 2048).end_of_file);
    assert!(of(&row, 4096).extends);
    row.state |= state::RAW_DEVICE;
    assert!(of(&row, 2048).end_of_file);
}

#[test]
fn late_kernels_look_at_whole_blocks_up_to_the_end() {
    let mut row = read_at_the_end();
    row.geometry.length = 65_536;
    let seen = |row: &Request, rules| outcome(row, 0, rules).seen_length;
    assert_eq!(seen(&row, RuleSet::DmaAddress), 65_536);
    assert_eq!(seen(&row, RuleSet::DmaSegmentLate), 4096);
    assert_eq!(seen(&row, RuleSet::DmaSegment), 4096);
    row.geometry.offset = 1 << 20;
    assert_eq!(seen(&row, RuleSet::DmaSegmentLate), 65_536);
    row.engine = Engine::Block as u8;
    row.geometry.offset = 0;
    assert_eq!(seen(&row, RuleSet::DmaSegmentLate), 65_536);
}

#[test]
fn a_raw_device_cuts_at_its_end_on_every_kernel() {
    let mut row = read_at_the_end();
    row.state |= state::RAW_DEVICE;
    row.engine = Engine::Block as u8;
    row.geometry.length = 65_536;
    for rules in RuleSet::KNOWN {
        let outcome = outcome(&row, 2048, *rules);
        assert_eq!((outcome.seen_length, outcome.cut_first), (2048, true));
        assert!(outcome.end_of_file);
    }
}

#[test]
fn the_devices_below_decide_where_bios_are_looked_at() {
    let mut row = read_at_the_end();
    row.applied_mask = 3;
    let mask = |row: &Request, rules| outcome(row, 0, rules).applied_dma;
    assert_eq!(mask(&row, RuleSet::DmaSegment), 511);
    assert_eq!(mask(&row, RuleSet::DmaSegmentLate), 511 | 3);
    row.state |= state::HANDS_DOWN;
    assert_eq!(mask(&row, RuleSet::DmaSegmentLate), 3);
    // Registered buffers of a raw device are checked in bios later too.
    row.state |= state::PAGES | state::RAW_DEVICE;
    assert_eq!(mask(&row, RuleSet::DmaSegment), 3);
    // A target that looks itself is asked only of what it refuses.
    row.state = state::TARGET_LOOKS;
    assert_eq!(mask(&row, RuleSet::DmaSegmentLate), 3);
    assert_eq!(
        outcome(&row, -5, RuleSet::DmaSegmentLate).applied_dma,
        511 | 3
    );
}

#[test]
fn own_blocks_of_writes_are_not_those_of_reads() {
    let mut row = read_at_the_end();
    let own = |row: &Request| outcome(row, 0, RuleSet::DmaSegment).own_blocks;
    assert_eq!(own(&row), OwnBlocks::None);
    row.state = state::OWN_PLACE;
    assert_eq!(own(&row), OwnBlocks::None);
    row.operation = Operation::Write as u8;
    assert_eq!(own(&row), OwnBlocks::Place);
    row.state |= state::OWN_MEMORY;
    assert_eq!(own(&row), OwnBlocks::Memory);
    row.state |= state::BLOCK_RULE;
    assert_eq!(own(&row), OwnBlocks::Always);
}
