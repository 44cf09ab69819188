//! Laws of the verdict.

use crate::asked::{limits, requests, rule_sets};
use dio_trace_ebpf::{
    rules::{Limits, Outcome, Route, deviations, is_plain, judge, portability, violations},
    words::{Flags, Reasons, Verdict},
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
    let flags = any::<[bool; 6]>();
    (result, share, 0u8..4, 0u32..3, flags).prop_map(
        |(
            result,
            share,
            route,
            bios,
            [
                no_rule,
                end_of_file,
                copied,
                whole_page_device,
                forced_wait,
                block_rule,
            ],
        )| Outcome {
            result,
            direct_bytes: (result.max(0) as f64 * share) as u64,
            route: Route::from_number(route),
            no_rule,
            bios,
            end_of_file,
            copied,
            whole_page_device,
            forced_wait,
            block_rule,
        },
    )
}

proptest! {
    #[test]
    fn a_failure_is_rejected_just_when_it_breaks_a_rule_with_an_alignment_error(
        asked in requests(8),
        limits in limits(),
        rule_set in rule_sets(),
        outcome in outcomes(),
    ) {
        prop_assume!(outcome.result < 0);
        let geometry = asked.geometry(&limits);
        let judgement = judge(&geometry, &limits, rule_set, &outcome);
        let in_force = outcome.route.rule_set(rule_set);
        let broken = violations(&geometry, &limits, in_force);
        let rejected =
            matches!(outcome.result, -22 | -5) && !broken.is_empty() && !outcome.no_rule;
        let verdict = if rejected { Verdict::Rejected } else { Verdict::Failed };
        prop_assert_eq!(judgement.verdict, verdict);
        if rejected {
            prop_assert_eq!(judgement.reasons, broken);
        }
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
        let judgement = judge(&geometry, &limits, rule_set, &outcome);
        // What a filesystem turned away for its own blocks is measured by these.
        let own_blocks = outcome.block_rule && outcome.route == Route::None;
        let block = if own_blocks { limits.filesystem_block_size } else { limits.logical_block_size };
        let departs = deviations(&geometry, &Limits { logical_block_size: block, ..limits });
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
    fn aligned_has_no_reason_and_accepted_has_one(
        asked in requests(8),
        limits in limits(),
        rule_set in rule_sets(),
        outcome in outcomes(),
    ) {
        let judgement = judge(&asked.geometry(&limits), &limits, rule_set, &outcome);
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
        let judgement = judge(&geometry, &limits, rule_set, &outcome);
        let direct = matches!(judgement.verdict, Verdict::Aligned | Verdict::Accepted);
        // Nothing reached the device in a hole or at the end of a file, so nothing was checked.
        let checked = outcome.bios != 0 && !outcome.copied && !outcome.no_rule;
        if direct && checked && !judgement.flags.contains(Flags::UNCHECKED) {
            let in_force = outcome.route.rule_set(rule_set);
            prop_assert!(portability(&geometry, &limits).any(|listed| listed == in_force));
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
        let marked = outcome.copied
            || outcome.whole_page_device
            || outcome.forced_wait
            || outcome.route == Route::None;
        let (result, direct) = (outcome.result, outcome.direct_bytes);
        if is_plain(&geometry, &limits, result, direct, u64::from(marked)) {
            let judgement = judge(&geometry, &limits, rule_set, &outcome);
            prop_assert_eq!(judgement.verdict, Verdict::Aligned);
            prop_assert_eq!(judgement.reasons, Reasons::NONE);
            // Whether it ends at the end of the file is asked of short ones only.
            prop_assert_eq!(Flags(judgement.flags.0 & !Flags::END_OF_FILE.0), Flags::NONE);
        }
    }

    #[test]
    fn flags_never_contradict_the_verdict(
        asked in requests(8),
        limits in limits(),
        rule_set in rule_sets(),
        outcome in outcomes(),
    ) {
        let judgement = judge(&asked.geometry(&limits), &limits, rule_set, &outcome);
        let has = |flag| judgement.flags.contains(flag);
        let failed = matches!(judgement.verdict, Verdict::Rejected | Verdict::Failed);
        prop_assert!(!has(Flags::SERIALISED) || !failed);
        prop_assert!(!has(Flags::LATE) || failed);
        prop_assert!(!has(Flags::UNCHECKED) || matches!(judgement.verdict, Verdict::Accepted | Verdict::Aligned));
        prop_assert!(!(has(Flags::SHORT) && has(Flags::END_OF_FILE)));
        prop_assert!(!(has(Flags::COPIED) && has(Flags::UNCHECKED)));
    }
}
