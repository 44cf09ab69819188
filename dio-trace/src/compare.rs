//! Whether a change helped: compares two recordings finding by finding, by the rate of each and never by
//! raw counts.

mod change;
mod files;
mod text;

use serde::{Serialize, Serializer};

pub use change::Change;
pub use files::Basis;
pub use text::text;

use crate::{
    findings::{Harm, Key},
    model::{Limits, Operation},
    recording::Ending,
    report::{Finding, Summary, findings_of},
};

/// One finding in both recordings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its cause.
    #[serde(flatten, serialize_with = "identity")]
    pub key: Key,
    /// Reads and writes with it.
    pub operations: Vec<Operation>,
    /// The change from before to after.
    pub change: Change,
    /// What the rates refer to.
    pub basis: Basis,
    /// Occurrences in 1,000 direct requests, before and after.
    pub per_thousand: [f64; 2],
    /// Requests with it, before and after.
    pub count: [u64; 2],
    /// All direct requests of the program on those files, before and after.
    pub requests: [u64; 2],
    /// Number of files with it, before and after.
    pub files: [usize; 2],
    /// The reason for [`Change::Unknown`]; `None` for other changes.
    pub note: Option<String>,
}

fn identity<S: Serializer>(key: &Key, serializer: S) -> Result<S::Ok, S::Error> {
    key.fields().serialize(serializer)
}

/// The comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Every finding of either recording, worst change first.
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
        let both = [before, after];
        let [old, new] = findings_of(both);
        let is_compared = |finding: &Finding<'_>| finding.key.harm != Harm::Slow;
        let mut pairs: Vec<[Option<&Finding<'_>>; 2]> = old
            .iter()
            .filter(|one| is_compared(one))
            .map(|one| [Some(one), new.iter().find(|other| other.key == one.key)])
            .collect();
        pairs.extend(
            new.iter()
                .filter(|one| is_compared(one) && old.iter().all(|other| other.key != one.key))
                .map(|one| [None, Some(one)]),
        );
        let mut lines: Vec<Line> = pairs
            .into_iter()
            .filter_map(|pair| line(both, pair))
            .collect();
        lines.sort_by(|a, b| {
            let count = |line: &Line| std::cmp::Reverse(line.count[0].max(line.count[1]));
            (a.change, count(a), &a.key).cmp(&(b.change, count(b), &b.key))
        });
        let rate = |summary: &Summary| summary.total.per_thousand(summary.total.misaligned().count);
        Self {
            lines,
            doubts: [doubts("BEFORE", before), doubts("AFTER", after)].concat(),
            requests: both.map(|summary| summary.total.total().count),
            misaligned_per_thousand: both.map(rate),
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

fn line(both: [&Summary; 2], pair: [Option<&Finding<'_>>; 2]) -> Option<Line> {
    let key = pair.iter().flatten().next()?.key.clone();
    let count = pair.map(|one| one.map_or(0, |finding| finding.volume.count));
    let (basis, requests) = files::requests(both, &key, pair);
    let (mut change, mut note) = change::change(count, requests);
    let limits = both.map(|summary| limits(summary, &key));
    if let [Some(a), Some(b)] = limits
        && (a.logical_block_size, a.dma_alignment) != (b.logical_block_size, b.dma_alignment)
        && matches!(change, Change::Fixed | Change::Better)
    {
        change = Change::Unknown;
        note = Some("the disk has other limits in AFTER, which may be the reason".to_owned());
    }
    let mut operations: Vec<Operation> = pair
        .iter()
        .flatten()
        .flat_map(|finding| finding.operations.keys().copied())
        .collect();
    operations.sort_unstable();
    operations.dedup();
    let rate = |side: usize| count[side] as f64 * 1000.0 / requests[side].max(1) as f64;
    Some(Line {
        key,
        operations,
        change,
        basis,
        per_thousand: [rate(0), rate(1)],
        count,
        requests,
        files: pair.map(|one| one.map_or(0, |finding| finding.files.count())),
        note,
    })
}

fn limits(summary: &Summary, key: &Key) -> Option<Limits> {
    summary.disks.get(&key.disk).and_then(|disk| disk.limits)
}
