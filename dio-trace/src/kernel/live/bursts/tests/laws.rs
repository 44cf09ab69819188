//! Laws of bursts: the same marks wherever batches end, every request once and in order.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{MILLISECOND, Shape, judged, marked, marks};
use crate::{
    kernel::live::bursts::PATIENCE,
    model::{
        Flag, Flags, Record,
        Verdict::{Accepted, Aligned, Buffered, Failed, Rejected},
    },
};

prop_compose! {
    fn shape()(
        thread in 1_u32..3,
        file in 1_u64..3,
        write in select(vec![false, false, false, true]),
        offset in select(vec![0_u64, 0, 0, 4096]),
        after in select(vec![0_u64, 0, 1, 16, 512, 1024, 4096]),
        length in select(vec![1_u64, 512, 1024, 4096, 4096]),
        verdict in select(vec![Rejected, Rejected, Rejected, Accepted, Aligned, Buffered, Failed]),
        unchecked in select(vec![false, false, true]),
        pause in select(vec![0, MILLISECOND, PATIENCE / 3, PATIENCE]),
        latency in select(vec![1, MILLISECOND, PATIENCE / 3]),
    ) -> Shape {
        let flags = Flags::NONE.with_if(Flag::Unchecked, unchecked && verdict == Accepted);
        Shape { thread, file, write, offset, after, length, verdict, flags, pause, latency }
    }
}

/// A probe of QEMU's first or second kind, with or without its success.
fn probe() -> impl Strategy<Value = Vec<Shape>> {
    let sizes = vec![1_u64, 512, 1024, 2048, 4096];
    let steps = proptest::sample::subsequence(sizes, 1..=5);
    (steps, any::<bool>(), any::<bool>(), shape()).prop_map(|(steps, lengths, succeeds, like)| {
        let last = steps.len() - 1;
        let one = |(number, &step): (usize, &u64)| Shape {
            write: false,
            after: if lengths { 0 } else { step },
            length: if lengths { step } else { 4096 },
            verdict: match succeeds && number == last {
                true => Aligned,
                false => Rejected,
            },
            flags: Flags::NONE,
            ..like
        };
        steps.iter().enumerate().map(one).collect()
    })
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let part = prop_oneof![vec(shape(), 1..4), probe()];
    vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_end_of_a_batch_changes_no_mark(
        shapes in shapes(),
        mut cuts in vec(0_usize..40, 0..8),
    ) {
        cuts.sort_unstable();
        let cut = judged(&shapes, &cuts);
        prop_assert_eq!(marked(&cut), marks(&shapes));
    }

    #[test]
    fn every_request_comes_out_once_and_in_the_order_of_its_thread(
        shapes in shapes(),
        mut cuts in vec(0_usize..40, 0..8),
    ) {
        cuts.sort_unstable();
        let out = judged(&shapes, &cuts);
        let mut numbers: Vec<u32> = out.iter().map(|record| record.uid).collect();
        for thread in 1..3 {
            let of_thread = |record: &&Record| record.request.as_ref().unwrap().tid == thread;
            prop_assert!(out.iter().filter(of_thread).map(|record| record.uid).is_sorted());
        }
        numbers.sort_unstable();
        prop_assert_eq!(numbers, (0..shapes.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn only_what_ends_in_success_is_marked(shapes in shapes(), cuts in vec(0_usize..40, 0..8)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let out = judged(&shapes, &cuts);
        let all = marked(&out);
        let shape = |number: u32| &shapes[number as usize];
        let same_file = |a: &Shape, b: &Shape| (a.thread, a.file) == (b.thread, b.file);
        for &number in all.iter().filter(|number| shape(**number).verdict == Rejected) {
            let one = shape(number);
            // The next request of this thread to this file is marked as well, or the dangerous success.
            let next = (number + 1..shapes.len() as u32).find(|next| same_file(shape(*next), one));
            let succeeds = next.is_some_and(|next| {
                all.contains(&next) || shape(next).flags.contains(Flag::Unchecked)
            });
            prop_assert!(succeeds);
        }
        for &number in all.iter().filter(|number| shape(**number).verdict != Rejected) {
            let before = (0..number).rev().find(|before| same_file(shape(*before), shape(number)));
            let begins = before.is_some_and(|before| {
                all.contains(&before) && shape(before).verdict == Rejected
            });
            prop_assert!(begins);
        }
        let failures = shapes.iter().all(|shape| matches!(shape.verdict, Rejected | Failed));
        prop_assert!(!failures || all.is_empty());
    }
}
