//! The kernels that apply a rule set, and the functions that do.

use crate::model::{Operation, Reason, Record, RuleSet};

/// Kernels with this rule set, such as `6.0 to 6.17`. Stable trees and vendors backport the
/// changes, so this is for people, never for decisions.
#[must_use]
pub fn kernels(rule_set: RuleSet) -> String {
    range(rule_set as usize, rule_set as usize)
}

/// Kernels with any of these rule sets, such as `up to 6.17 and from 7.2 stable`.
#[must_use]
pub fn kernels_of(rule_sets: &[RuleSet]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for position in RuleSet::KNOWN.iter().filter(|one| rule_sets.contains(one)) {
        let position = *position as usize;
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == position => *last = position,
            _ => ranges.push((position, position)),
        }
    }
    let words: Vec<_> = ranges
        .into_iter()
        .map(|(first, last)| range(first, last))
        .collect();
    words.join(" and ")
}

/// First and last kernel of each rule set, in the order of [`RuleSet::KNOWN`].
const VERSIONS: [(&str, &str); RuleSet::KNOWN.len()] = [
    ("", "5.19"),
    ("6.0", "6.17"),
    ("6.18", "7.1"),
    ("7.2 stable", ""),
];

fn range(first: usize, last: usize) -> String {
    let (from, to) = (VERSIONS[first].0, VERSIONS[last].1);
    match (from, to) {
        ("", "") => "on every kernel".to_owned(),
        ("", to) => format!("up to {to}"),
        (from, "") => format!("from {from}"),
        (from, to) => format!("{from} to {to}"),
    }
}

/// The kernel function that checks what `reason` names.
#[must_use]
pub fn rule_function(record: &Record, reason: Reason, rule_set: RuleSet) -> &'static str {
    let raw = record.is_raw_device();
    let filesystem = record.known_filesystem();
    let is_legacy = filesystem.is_some_and(|filesystem| filesystem.legacy_engine);
    let checks_writes = filesystem
        .and_then(|filesystem| filesystem.checks_writes)
        .filter(|_| record.operation == Operation::Write);
    let of_request = matches!(reason, Reason::TotalLength | Reason::FileOffset);
    match (rule_set, checks_writes) {
        _ if reason.is_atomic() => "generic_atomic_write_valid",
        (RuleSet::Unknown, _) => "unknown",
        (_, Some(function)) if of_request => function,
        (RuleSet::LogicalBlock, _) if raw => "__blkdev_direct_IO",
        (RuleSet::LogicalBlock, _) if is_legacy => "do_blockdev_direct_IO",
        (RuleSet::LogicalBlock, _) => "iomap_dio_bio_iter",
        _ if of_request && raw => "blkdev_dio_invalid",
        _ if of_request => "iomap_dio_bio_iter",
        (RuleSet::DmaAddress, _) => "iov_iter_is_aligned",
        (RuleSet::DmaSegment, _) if reason != Reason::VirtBoundary => "iov_iter_extract_bvecs",
        (RuleSet::DmaSegmentLate | RuleSet::DmaSegment, _) => "bio_split_io_at",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_ranges_are_joined() {
        use RuleSet::{DmaAddress, DmaSegment, DmaSegmentLate, LogicalBlock};
        assert_eq!(kernels_of(&[LogicalBlock, DmaAddress]), "up to 6.17");
        assert_eq!(
            kernels_of(&[LogicalBlock, DmaSegment]),
            "up to 5.19 and from 7.2 stable"
        );
        assert_eq!(kernels_of(&[DmaSegmentLate]), "6.18 to 7.1");
        assert_eq!(kernels_of(RuleSet::KNOWN), "on every kernel");
        assert_eq!(kernels_of(&[]), "");
    }
}
