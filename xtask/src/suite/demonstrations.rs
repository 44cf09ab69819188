//! Checks of the cases that the project promises to show, one check each.

use dio_trace_ebpf::words::{Interface, Operation, RuleSet, Verdict};

use super::{case::Case, outcome::Outcome, row::Row};

/// Checks every demonstration whose place exists in this guest.
pub(super) fn check(rule_set: RuleSet, outcome: &mut Outcome, cases: &[Case<'_>]) {
    let show = Show { cases };
    let strict = rule_set == RuleSet::LogicalBlock;
    for place in ["raw-virtio-4096", "xfs-virtio-4096"] {
        show.one(
            outcome,
            place,
            "4096 at +512",
            "a page read into a buffer at +512",
            |row| {
                row.has_reason("memory_address")
                    && if strict {
                        is_rejected(row)
                    } else {
                        row.verdict == Verdict::Accepted
                    }
            },
        );
        show.one(
            outcome,
            place,
            "512 and 3584",
            "a readv of 512 and 3584 bytes",
            |row| {
                let accepted = matches!(rule_set, RuleSet::DmaSegmentLate | RuleSet::DmaSegment);
                row.has_reason("segment_length")
                    && if accepted {
                        row.verdict == Verdict::Accepted
                    } else {
                        is_rejected(row)
                    }
            },
        );
        show.one(
            outcome,
            place,
            "aio, odd length",
            "an aio read that completes with -22",
            |row| is_rejected(row) && row.interface == Interface::Aio && row.tid == Some(row.pid),
        );
    }
    if rule_set == RuleSet::DmaSegmentLate {
        show.one(
            outcome,
            "raw-nvme-512",
            "page-local +1",
            "an odd address within a page",
            |row| row.verdict == Verdict::Accepted && row.has_flag("unchecked"),
        );
        show.one(
            outcome,
            "dm-crypt-4096",
            "write 4096 at +512",
            "a write that dm-crypt fails at completion",
            |row| is_late(row) && row.has_reason("memory_address"),
        );
    }
    show.zram(outcome);
    show.btrfs(outcome);
}

struct Show<'a> {
    cases: &'a [Case<'a>],
}

impl Show<'_> {
    /// The one request of this shape at this place must be recorded as `right` says.
    fn one(
        &self,
        outcome: &mut Outcome,
        place: &str,
        shape: &str,
        title: &str,
        right: impl Fn(&Row) -> bool,
    ) {
        let name = format!("{place}: {title}");
        let Some(case) = self
            .cases
            .iter()
            .find(|case| case.place == place && case.answer.shape == shape)
        else {
            return;
        };
        match &case.row {
            Ok(row) => outcome.check(
                name,
                right(row),
                format!(
                    "{} {:?} {:?} result {:?}",
                    row.verdict, row.reasons, row.flags, row.result
                ),
            ),
            Err(fault) => outcome.check(name, false, fault.clone()),
        }
    }

    /// zram reports success although the data is wrong; each such request must be flagged.
    fn zram(&self, outcome: &mut Outcome) {
        let on_zram = self.cases.iter().filter(|case| case.place == "zram");
        let damaged: Vec<&Case<'_>> = on_zram
            .filter(|case| case.answer.data_ok == Some(false))
            .collect();
        if !self.cases.iter().any(|case| case.place == "zram") {
            return;
        }
        let warned = damaged
            .iter()
            .filter(|case| case.row.as_ref().is_ok_and(|row| row.has_flag("unchecked")))
            .count();
        outcome.check(
            "zram: success with wrong data is marked as unchecked",
            warned == damaged.len(),
            format!(
                "{} requests were damaged, {warned} are marked",
                damaged.len()
            ),
        );
    }

    /// Requests that btrfs sends through the page cache must be recorded as `buffered`, and their
    /// bytes must add up.
    fn btrfs(&self, outcome: &mut Outcome) {
        let on_btrfs: Vec<&Case<'_>> = self
            .cases
            .iter()
            // Whether the page cache served requests that were in flight at the exit is unknown.
            .filter(|case| case.place == "btrfs" && case.answer.result.is_some())
            .collect();
        if on_btrfs.is_empty() {
            return;
        }
        let cached: i64 = on_btrfs
            .iter()
            .filter(|case| {
                case.answer.operation == Operation::Read && case.answer.cached == Some(true)
            })
            .filter_map(|case| case.answer.result)
            .sum();
        let buffered: i64 = on_btrfs
            .iter()
            .filter(|case| case.answer.operation == Operation::Read)
            .filter_map(|case| case.row.as_ref().ok())
            .filter(|row| row.verdict == Verdict::Buffered)
            .filter_map(|row| row.result)
            .sum();
        outcome.check(
            "btrfs: bytes read by the page cache",
            cached == buffered && cached != 0,
            format!("{cached} bytes went through the page cache, {buffered} are recorded so"),
        );
    }
}

fn is_rejected(row: &Row) -> bool {
    row.verdict == Verdict::Rejected && row.result == Some(-22)
}

fn is_late(row: &Row) -> bool {
    row.verdict == Verdict::Rejected && row.has_flag("late")
}
