//! Finds the one row of each request.

use std::collections::HashMap;

use dio_trace_ebpf::{
    rules::{Geometry, Segment},
    words::{Interface, Operation, Verdict},
};

use super::row::Row;
use crate::workload::{Call, answer::Answer};

/// Number of segments that a recording keeps of a request.
const KEPT: usize = 16;

/// The fault of a request without a row.
pub(super) const MISSING: &str = "not in the recording";

/// The rows of one process, each matched to its request.
pub(super) struct Matched<'a> {
    /// For each answer its row, or a description of the fault.
    pub(super) rows: Vec<Result<&'a Row, String>>,
    /// Rows that do not belong to a request.
    pub(super) extra: Vec<&'a Row>,
}

/// Matches the requests of a process to its rows.
pub(super) fn match_rows<'a>(answers: &[Answer], rows: &[&'a Row]) -> Matched<'a> {
    let mut by_place: HashMap<(u64, u64), Vec<usize>> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        by_place
            .entry((
                row.offset.unwrap_or(u64::MAX),
                row.length.unwrap_or(row.bytes),
            ))
            .or_default()
            .push(index);
    }
    let free = |answer: &Answer, used: &[bool]| -> Vec<usize> {
        let candidates = by_place.get(&(answer.offset, answer.length));
        let all = candidates.into_iter().flatten().copied();
        all.filter(|&index| !used[index]).collect()
    };
    let mut used = vec![false; rows.len()];
    let mut found: Vec<Option<Result<&Row, String>>> = Vec::with_capacity(answers.len());
    for answer in answers {
        let free = free(answer, &used);
        let mut right = free
            .iter()
            .filter(|&&index| difference(answer, rows[index]).is_none());
        found.push(right.next().map(|&index| {
            used[index] = true;
            Ok(rows[index])
        }));
    }
    // For the rest: distinguishes a wrongly recorded request from a missing one.
    let found = found.into_iter().zip(answers).map(|(found, answer)| {
        found.unwrap_or_else(|| match free(answer, &used).first() {
            Some(&index) => {
                used[index] = true;
                Err(difference(answer, rows[index]).unwrap_or_default())
            }
            None => Err(MISSING.to_owned()),
        })
    });
    let found = found.collect();
    let extra = rows
        .iter()
        .zip(&used)
        .filter(|(_, used)| !**used)
        .map(|(row, _)| *row)
        .collect();
    Matched { rows: found, extra }
}

/// The difference between a row and its request; `None` for a correct row.
fn difference(answer: &Answer, row: &Row) -> Option<String> {
    if row.count != 1 || row.result.is_none() {
        return Some("counted, but without its details".to_owned());
    }
    if row.operation != answer.operation || row.interface != answer.interface {
        return Some(format!(
            "recorded as {} by {}",
            row.operation, row.interface
        ));
    }
    if answer.result.is_some() && row.result != answer.result && !is_first_part(answer, row) {
        return Some(format!(
            "recorded result {:?}, really {:?}",
            row.result, answer.result
        ));
    }
    if row.pid != answer.pid {
        return Some(format!("recorded pid {}, really {}", row.pid, answer.pid));
    }
    if answer.call.thread_is_known() && row.tid != Some(answer.tid) {
        return Some(format!("recorded tid {:?}, really {}", row.tid, answer.tid));
    }
    if row.path.as_deref() != Some(answer.path.as_str()) {
        return Some(format!(
            "recorded path {:?}, really {}",
            row.path, answer.path
        ));
    }
    if answer.call == Call::RingFixed {
        fixed_difference(answer, row)
    } else {
        plain_difference(answer, row)
    }
}

/// Whether the program got more bytes than the filesystem's call returned. `io_uring` continues a
/// short read by itself. Where ext4 has handed the read to the page cache, it has removed
/// `IOCB_DIRECT` (`ext4_dio_read_iter`), so the rest is not a direct request any more.
fn is_first_part(answer: &Answer, row: &Row) -> bool {
    let part = row.result.zip(answer.result);
    answer.interface == Interface::IoUring
        && answer.operation == Operation::Read
        && row.filesystem.as_deref() == Some("ext4")
        && row.verdict == Verdict::Buffered
        && row.has_flag("short")
        && part.is_some_and(|(part, all)| (1..all).contains(&part))
}

/// Segments of ordinary memory are recorded as they were, except for empty ones, which may be
/// missing.
fn plain_difference(answer: &Answer, row: &Row) -> Option<String> {
    let asked: Vec<Segment> = answer
        .segments
        .iter()
        .map(|&placed| placed.into())
        .collect();
    let recorded = row.segments();
    let without_empty = |segments: &[Segment]| -> Vec<Segment> {
        segments
            .iter()
            .copied()
            .filter(|segment| segment.length != 0)
            .collect()
    };
    let kept = &recorded[..recorded.len().min(KEPT)];
    let (first, wanted) = (without_empty(kept), without_empty(&asked));
    let enough = kept.len() == KEPT || first.len() == wanted.len();
    if !enough || !wanted.starts_with(&first) {
        return Some(format!(
            "recorded {} segments from {:x?}, really {} from {:x?}",
            recorded.len(),
            recorded.first(),
            asked.len(),
            asked.first()
        ));
    }
    if let Some(offender) = recorded
        .get(KEPT)
        .filter(|offender| !asked.contains(offender))
    {
        return Some(format!(
            "recorded an offending segment {offender:x?} that was not asked"
        ));
    }
    let geometry = Geometry::fold(answer.offset, asked, 0);
    let (memory, length) = (geometry.memory_alignment(), geometry.length_alignment());
    if row.memory_alignment != Some(memory) || row.length_alignment != Some(length) {
        return Some(format!(
            "recorded alignments {:?} and {:?}, really {memory} and {length}",
            row.memory_alignment, row.length_alignment
        ));
    }
    None
}

/// Registered memory is passed on page by page: only the offset in the page and the total are those
/// of the program.
fn fixed_difference(answer: &Answer, row: &Row) -> Option<String> {
    let recorded = row.segments();
    let (first, asked) = (recorded.first()?, answer.segments.first()?);
    let sum: u64 = recorded
        .iter()
        .take(KEPT)
        .map(|segment| segment.length)
        .sum();
    if first.address & 4095 != asked.address & 4095
        || (recorded.len() < KEPT && sum != asked.length)
    {
        return Some(format!(
            "recorded segments {recorded:x?}, really {asked:x?}"
        ));
    }
    None
}
