//! Laws of the verdict.

use crate::asked::{limits, requests, rule_sets};
use dio_trace_ebpf::{
    rules::{
        AtomicUnits, Geometry, Limits, Outcome, OwnBlocks, atomic_violations, deviations, is_plain,
        judge, portability, violations,
    },
    words::{Engine, Flag, Flags, Reason, Reasons, RuleSet, Verdict},
};
use proptest::prelude::*;

fn outcomes() -> impl Strategy<Value = Outcome> {
    let result = prop_oneof![
        Just(-22i64),
        Just(-5),
        Just(-11),
        Just(-28),
        Just(-14),
        Just(0),
        1i64..1 << 20
    ];
    let share = prop_oneof![Just(1.0f64), Just(0.0), 0.0f64..1.0];
    let own = prop::sample::select(&[
        OwnBlocks::None,
        OwnBlocks::Always,
        OwnBlocks::Memory,
        OwnBlocks::Place,
    ]);
    let engine = prop::sample::select(Engine::ALL);
    let mask = prop::sample::select(&[0u32, 3, 7, 511, 4095]);
    let numbers = (result, share, engine, 0u32..3, own, mask);
    (numbers, any::<[bool; 14]>()).prop_map(
        |(
            (result, share, engine, bios, own_blocks, applied_dma),
            [
                no_rule,
                end_of_file,
                copied,
                whole_page_device,
                forced_wait,
                is_write,
                extends,
                nowait,
                whole_blocks_only,
                atomic,
                odd_start,
                cut,
                cut_first,
                checked_in_bios,
            ],
        )| Outcome {
            result,
            direct_bytes: (result.max(0) as f64 * share) as u64,
            seen_length: u64::from(cut),
            cut_first,
            engine,
            no_rule,
            bios,
            is_write,
            end_of_file,
            copied,
            whole_page_device,
            forced_wait,
            extends,
            nowait,
            own_blocks,
            whole_blocks_only,
            applied_dma,
            checked_in_bios,
            atomic,
            atomic_units: AtomicUnits {
                min: 4096,
                max: 65536,
            },
            odd_start,
        },
    )
}

/// An outcome for a request of this shape: asked for as it is, and now and then cut to whole blocks.
fn of(outcome: Outcome, geometry: &Geometry) -> Outcome {
    let seen_length = match outcome.seen_length {
        0 => geometry.length,
        _ => geometry.length / 4096 * 4096,
    };
    Outcome {
        seen_length,
        ..outcome
    }
}

/// The applied rules that a request breaks.
fn broken(geometry: &Geometry, limits: &Limits, rule_set: RuleSet, outcome: &Outcome) -> Reasons {
    if outcome.no_rule {
        return Reasons::NONE;
    }
    let applied = Limits {
        dma_alignment: outcome.applied_dma,
        ..*limits
    };
    let seen = geometry.cut_to(outcome.seen_length);
    let mut broken = violations(&seen, &applied, outcome.engine.rule_set(rule_set));
    if outcome.whole_blocks_only {
        let block = u64::from(limits.filesystem_block_size) - 1;
        broken = broken
            .with_if(Reason::TotalLength, seen.length & block != 0)
            .with_if(Reason::FileOffset, seen.offset & block != 0);
    }
    broken
}

proptest! {
    #[test]
    fn a_failure_is_rejected_just_when_it_breaks_a_rule_that_answers_so(
        asked in requests(8),
        limits in limits(),
        rule_set in rule_sets(),
        outcome in outcomes(),
    ) {
        prop_assume!(outcome.result < 0);
        let geometry = asked.geometry(&limits);
        let outcome = of(outcome, &geometry);
        let judgement = judge(&geometry, &limits, rule_set, &outcome);
        let mut broken = broken(&geometry, &limits, rule_set, &outcome);
        if outcome.atomic {
            broken = broken.union(atomic_violations(&geometry, outcome.atomic_units));
        }
        match outcome.result {
            -22 => prop_assert_eq!(judgement.verdict == Verdict::Rejected, !broken.is_empty()),
            // Damaged data says the same: it is a refusal only where bios are looked at, and where one of
            // several could not be built; that may be the first (dm-crypt under aio, 7.2: no bio at all).
            -5 => {
                let refused = judgement.verdict == Verdict::Rejected;
                let late = outcome.checked_in_bios && outcome.bios != 0;
                let built = outcome.engine == Engine::Block
                    && matches!(rule_set, RuleSet::DmaSegmentLate | RuleSet::DmaSegment);
                prop_assert!(!refused || !broken.is_empty() && (late || built));
                prop_assert!(!refused || matches!(outcome.engine, Engine::Iomap | Engine::Block));
            }
            _ => prop_assert_eq!(judgement.verdict, Verdict::Failed),
        }
        if judgement.verdict == Verdict::Rejected {
            prop_assert_eq!(judgement.reasons, broken);
        }
        let would_block = outcome.result == -11 && outcome.nowait;
        prop_assert_eq!(judgement.flags.contains(Flag::WouldBlock), would_block);
    }

    #[test]
    fn a_success_is_told_by_what_was_done_never_by_the_rules(
        asked in requests(8),
        limits in limits(),
        rule_set in rule_sets(),
        outcome in outcomes(),
    ) {
        prop_assume!(outcome.result >= 0);
        let geometry = asked.geometry(&limits);
        let outcome = of(outcome, &geometry);
        let judgement = judge(&geometry, &limits, rule_set, &outcome);
        // What a filesystem turned away for its own blocks is measured by these.
        let measured = match outcome.cut_first {
            true => geometry.cut_to(outcome.seen_length),
            false => geometry,
        };
        let by_device = deviations(&measured, &limits);
        let own = Limits { logical_block_size: limits.filesystem_block_size, ..limits };
        let by_filesystem = deviations(&measured, &own);
        let place = Reasons::of(&[Reason::TotalLength, Reason::FileOffset]);
        let departs = match outcome.own_blocks {
            _ if outcome.engine != Engine::None => by_device,
            OwnBlocks::None => by_device,
            OwnBlocks::Always => by_filesystem,
            _ if !by_device.is_empty() => by_device,
            OwnBlocks::Memory => by_filesystem,
            OwnBlocks::Place => by_filesystem.intersection(place),
        };
        let verdict = if outcome.direct_bytes < outcome.result as u64 {
            Verdict::Buffered
        } else if departs.is_empty() {
            Verdict::Aligned
        } else {
            Verdict::Accepted
        };
        prop_assert_eq!(judgement.verdict, verdict);
        prop_assert_eq!(judgement.reasons, departs);
    }

    #[test]
    fn danger_needs_a_broken_mask_that_applies_or_a_device_of_whole_pages(
        asked in requests(8),
        limits in limits(),
        rule_set in rule_sets(),
        outcome in outcomes(),
    ) {
        let geometry = asked.geometry(&limits);
        let outcome = of(outcome, &geometry);
        let judgement = judge(&geometry, &limits, rule_set, &outcome);
        if judgement.flags.contains(Flag::Unchecked) {
            let broken = broken(&geometry, &limits, rule_set, &outcome);
            prop_assert!(!broken.is_empty() || outcome.whole_page_device);
        }
    }

    #[test]
    fn aligned_has_no_reason_and_accepted_has_one(
        asked in requests(8),
        limits in limits(),
        rule_set in rule_sets(),
        outcome in outcomes(),
    ) {
        let geometry = asked.geometry(&limits);
        let outcome = of(outcome, &geometry);
        let judgement = judge(&geometry, &limits, rule_set, &outcome);
        match judgement.verdict {
            Verdict::Aligned => prop_assert_eq!(judgement.reasons, Reasons::NONE),
            Verdict::Accepted | Verdict::Rejected => prop_assert_ne!(judgement.reasons, Reasons::NONE),
            Verdict::Buffered | Verdict::Failed => {}
        }
    }

    #[test]
    fn what_was_accepted_and_checked_is_portable_to_the_rules_in_force(
        asked in requests(8),
        limits in limits(),
        rule_set in rule_sets(),
        outcome in outcomes(),
    ) {
        let geometry = asked.geometry(&limits);
        let outcome = Outcome { seen_length: 0, applied_dma: limits.dma_alignment, whole_blocks_only: false, ..outcome };
        let outcome = of(outcome, &geometry);
        let judgement = judge(&geometry, &limits, rule_set, &outcome);
        let direct = matches!(judgement.verdict, Verdict::Aligned | Verdict::Accepted);
        // Nothing reached the device in a hole or at the end of a file, so nothing was checked.
        let checked = outcome.bios != 0 && !outcome.copied && !outcome.no_rule;
        if direct && checked && !judgement.flags.contains(Flag::Unchecked) {
            prop_assert!(portability(outcome.engine, &geometry, &limits).any(|listed| listed == rule_set));
        }
    }

    #[test]
    fn what_is_plain_is_aligned_and_nothing_else(
        asked in requests(3),
        limits in limits(),
        rule_set in rule_sets(),
        outcome in outcomes(),
        whole in any::<bool>(),
    ) {
        let geometry = asked.geometry(&limits);
        let outcome = if whole {
            Outcome { result: geometry.length as i64, direct_bytes: geometry.length, ..outcome }
        } else {
            outcome
        };
        let outcome = of(Outcome { seen_length: 0, applied_dma: limits.dma_alignment, ..outcome }, &geometry);
        let marked = outcome.copied
            || outcome.whole_page_device
            || outcome.forced_wait
            || outcome.atomic
            || outcome.whole_blocks_only
            || outcome.odd_start
            || outcome.bios == 0 && !outcome.no_rule
            || outcome.engine == Engine::None;
        let (result, direct) = (outcome.result, outcome.direct_bytes);
        let write = u64::from(outcome.is_write);
        if is_plain(&geometry, &limits, write, result, direct, u64::from(marked)) {
            let judgement = judge(&geometry, &limits, rule_set, &outcome);
            prop_assert_eq!(judgement.verdict, Verdict::Aligned);
            prop_assert_eq!(judgement.reasons, Reasons::NONE);
            // Whether it ends at the end of the file is asked of short ones only.
            prop_assert_eq!(judgement.flags.without(Flags::of(&[Flag::EndOfFile])), Flags::NONE);
        }
    }

    #[test]
    fn flags_never_contradict_the_verdict(
        asked in requests(8),
        limits in limits(),
        rule_set in rule_sets(),
        outcome in outcomes(),
    ) {
        let geometry = asked.geometry(&limits);
        let outcome = of(outcome, &geometry);
        let judgement = judge(&geometry, &limits, rule_set, &outcome);
        let has = |flag| judgement.flags.contains(flag);
        let failed = matches!(judgement.verdict, Verdict::Rejected | Verdict::Failed);
        prop_assert!(!has(Flag::Serialised) || !failed);
        prop_assert!(!has(Flag::Late) || failed);
        prop_assert!(!has(Flag::Hole) || !failed && !outcome.is_write);
        prop_assert!(!(has(Flag::Extends) && has(Flag::Serialised)));
        prop_assert!(!has(Flag::ReadModifyWrite) || outcome.is_write && !failed);
        prop_assert!(!has(Flag::WouldBlock) || judgement.verdict == Verdict::Failed);
        prop_assert!(!(has(Flag::Hole) && has(Flag::Unchecked)));
        prop_assert!(!has(Flag::Unchecked) || matches!(judgement.verdict, Verdict::Accepted | Verdict::Aligned));
        prop_assert!(!(has(Flag::Short) && has(Flag::EndOfFile)));
        prop_assert!(!(has(Flag::Copied) && has(Flag::Unchecked)));
    }
}
