//! Whether a change helped: compares two recordings by the rate of each fault, never by raw counts.

mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use text::text;

use crate::{
    model::{Limits, Operation, Verdict},
    recording::Ending,
    report::{Place, Summary},
};

/// Part of itself by which a rate must change to count as changed.
const RELATIVE: f64 = 0.1;
/// Number of standard deviations by which it must change as well, to rule out chance.
const DEVIATIONS: f64 = 3.0;
/// Number of faults that must be expected before their absence means anything.
const EXPECTED: f64 = 5.0;

/// A program and file with one kind of fault: the unit of comparison.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// Name of the program.
    pub comm: String,
    /// Path, or a description of the file where the path is unknown.
    pub file: String,
    /// Read or write.
    pub operation: Operation,
    /// Verdict: `rejected`, `buffered` or `accepted`.
    pub verdict: Verdict,
    /// Words of what is misaligned; empty for requests that are buffered although aligned.
    pub reasons: Vec<&'static str>,
}

/// The change of a fault from one recording to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The fault did not occur before.
    New,
    /// The fault became more frequent.
    Worse,
    /// The recordings do not show whether it changed.
    Unknown,
    /// The fault occurs as often as before.
    Same,
    /// The fault became less frequent.
    Better,
    /// The fault no longer occurs.
    Fixed,
}

/// One fault in both recordings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
    /// The change from before to after.
    pub change: Change,
    /// Occurrences in 1,000 direct requests of that program and file, before and after.
    pub per_thousand: [f64; 2],
    /// Requests with the fault, before and after.
    pub count: [u64; 2],
    /// All direct requests of that program and file, before and after.
    pub requests: [u64; 2],
    /// The reason for [`Change::Unknown`]; `None` for other changes.
    pub note: Option<String>,
}

/// The comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Every fault of either recording, worst change first.
    pub lines: Vec<Line>,
    /// Reasons why the recordings as a whole cannot answer; empty where they can.
    pub doubts: Vec<String>,
    /// All direct requests, before and after.
    pub requests: [u64; 2],
    /// Misaligned requests in 1,000, before and after.
    pub misaligned_per_thousand: [f64; 2],
}

/// The result of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is new or worse.
    Good,
    /// Something is.
    Finding,
    /// The recordings cannot answer.
    Inconclusive,
}

impl Comparison {
    /// Compares two summaries.
    #[must_use]
    pub fn of(before: &Summary, after: &Summary) -> Self {
        let (old, new) = (Side::of(before), Side::of(after));
        let faults: BTreeSet<&Fault> = old.faults.keys().chain(new.faults.keys()).collect();
        let mut lines: Vec<Line> = faults
            .into_iter()
            .map(|one| line(one, &old, &new))
            .collect();
        lines.sort_by(|a, b| {
            let count = |line: &Line| std::cmp::Reverse(line.count[0].max(line.count[1]));
            (a.change, count(a), &a.fault).cmp(&(b.change, count(b), &b.fault))
        });
        let rate = |summary: &Summary| summary.total.per_thousand(summary.total.misaligned().count);
        Self {
            lines,
            doubts: [doubts("BEFORE", before), doubts("AFTER", after)].concat(),
            requests: [before.total.total().count, after.total.total().count],
            misaligned_per_thousand: [rate(before), rate(after)],
        }
    }

    /// The result: a finding weighs more than a doubt.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let any = |changes: &[Change]| self.lines.iter().any(|line| changes.contains(&line.change));
        let counted = self.requests.iter().all(|count| *count != 0);
        if counted && any(&[Change::New, Change::Worse]) {
            Outcome::Finding
        } else if !self.doubts.is_empty() || any(&[Change::Unknown]) {
            Outcome::Inconclusive
        } else {
            Outcome::Good
        }
    }
}

fn doubts(name: &str, summary: &Summary) -> Vec<String> {
    let mut doubts = Vec::new();
    if summary.total.total().count == 0 {
        doubts.push(format!("{name} contains no direct requests"));
    }
    if !summary.losses.counts_are_exact() {
        let lost: Vec<&str> = summary
            .losses
            .iter()
            .filter(|loss| !loss.cause.keeps_counts_exact())
            .map(|loss| loss.cause.word())
            .collect();
        doubts.push(format!("{name} has lost requests ({})", lost.join(", ")));
    }
    if summary.ending == Ending::Damaged {
        doubts.push(format!("{name} is damaged, and was read up to the damage"));
    }
    doubts
}

/// One recording, arranged for comparison.
struct Side {
    faults: BTreeMap<Fault, u64>,
    requests: BTreeMap<(String, String), u64>,
    limits: BTreeMap<(String, String), Limits>,
}

impl Side {
    fn of(summary: &Summary) -> Self {
        let key = |place: &Place| (place.comm.to_string(), file_key(place));
        let mut side = Self {
            faults: BTreeMap::new(),
            requests: BTreeMap::new(),
            limits: BTreeMap::new(),
        };
        for (place, tally) in &summary.places {
            let requests = side.requests.entry(key(place)).or_default();
            // Probing is not part of a program's steady work.
            *requests += tally.total().count - tally.probing().count;
            let disk = summary
                .disks
                .get(&place.file.disk)
                .and_then(|disk| disk.limits);
            if let Some(limits) = disk {
                side.limits.insert(key(place), limits);
            }
        }
        for (case, seen) in &summary.cases {
            let fault = matches!(
                case.verdict,
                Verdict::Rejected | Verdict::Buffered | Verdict::Accepted
            );
            if !fault || case.flags.contains(crate::model::Flag::Probing) {
                continue;
            }
            let (comm, file) = key(&case.place);
            let fault = Fault {
                comm,
                file,
                operation: case.operation,
                verdict: case.verdict,
                reasons: case.reasons.words().collect(),
            };
            *side.faults.entry(fault).or_default() += seen.volume.count;
        }
        side
    }

    fn requests(&self, fault: &Fault) -> u64 {
        let key = (fault.comm.clone(), fault.file.clone());
        self.requests.get(&key).copied().unwrap_or(0)
    }

    fn limits(&self, fault: &Fault) -> Option<Limits> {
        self.limits
            .get(&(fault.comm.clone(), fault.file.clone()))
            .copied()
    }
}

/// The name by which a file is recognised in the other recording: its path, because inodes change.
fn file_key(place: &Place) -> String {
    let file = &place.file;
    match (&file.path, &file.disk) {
        (Some(path), _) => path.to_string(),
        (None, Some(disk)) => format!("(path unknown, on {disk})"),
        (None, None) => "(path unknown)".to_owned(),
    }
}

fn line(fault: &Fault, old: &Side, new: &Side) -> Line {
    let count = [old, new].map(|side| side.faults.get(fault).copied().unwrap_or(0));
    let requests = [old, new].map(|side| side.requests(fault));
    let rate = |side: usize| count[side] as f64 / requests[side].max(1) as f64;
    let (change, note) = change(count, requests, [rate(0), rate(1)]);
    let limits = [old, new].map(|side| side.limits(fault));
    let other_device = match limits {
        [Some(a), Some(b)] => {
            let key = |limits: Limits| (limits.logical_block_size, limits.dma_alignment);
            key(a) != key(b)
        }
        _ => false,
    };
    let (change, note) = if other_device && matches!(change, Change::Fixed | Change::Better) {
        let note = "the disk has other limits in AFTER, which may be the reason";
        (Change::Unknown, Some(note.to_owned()))
    } else {
        (change, note)
    };
    Line {
        fault: fault.clone(),
        change,
        per_thousand: [rate(0) * 1000.0, rate(1) * 1000.0],
        count,
        requests,
        note,
    }
}

fn change(count: [u64; 2], requests: [u64; 2], rate: [f64; 2]) -> (Change, Option<String>) {
    if count[0] == 0 {
        return (Change::New, None);
    }
    if count[1] == 0 {
        let expected = rate[0] * requests[1] as f64;
        if expected >= EXPECTED {
            return (Change::Fixed, None);
        }
        let note = if requests[1] == 0 {
            "this program did not use this file in AFTER".to_owned()
        } else {
            format!(
                "too few requests in AFTER: at the rate of BEFORE, {expected:.1} faults would be \
                 expected, and at least {EXPECTED:.0} are needed"
            )
        };
        return (Change::Unknown, Some(note));
    }
    let together = (count[0] + count[1]) as f64 / (requests[0] + requests[1]).max(1) as f64;
    let spread = together * (1.0 - together);
    let deviation =
        (spread / requests[0].max(1) as f64 + spread / requests[1].max(1) as f64).sqrt();
    let difference = rate[1] - rate[0];
    let changed =
        difference.abs() > RELATIVE * rate[0] && difference.abs() > DEVIATIONS * deviation;
    match changed {
        false => (Change::Same, None),
        true if difference > 0.0 => (Change::Worse, None),
        true => (Change::Better, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: [u64; 2], requests: [u64; 2]) -> Change {
        let rate = [0, 1].map(|side| count[side] as f64 / requests[side].max(1) as f64);
        change(count, requests, rate).0
    }

    #[test]
    fn rates_decide_and_not_counts() {
        assert_eq!(of([100, 1_000], [1_000, 10_000]), Change::Same);
        assert_eq!(of([100, 100], [1_000, 100]), Change::Worse);
        assert_eq!(of([100, 100], [1_000, 100_000]), Change::Better);
    }

    #[test]
    fn chance_is_not_a_change() {
        assert_eq!(of([10, 13], [1_000, 1_000]), Change::Same);
    }

    #[test]
    fn absence_needs_enough_requests() {
        assert_eq!(of([100, 0], [1_000, 1_000]), Change::Fixed);
        assert_eq!(of([100, 0], [1_000, 10]), Change::Unknown);
        assert_eq!(of([100, 0], [1_000, 0]), Change::Unknown);
        assert_eq!(of([0, 1], [1_000, 1_000]), Change::New);
    }
}
