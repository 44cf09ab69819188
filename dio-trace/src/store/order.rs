//! Sorting of rows and requests.

use std::cmp::{Ordering, Reverse};

use crate::{
    findings::Harm,
    model::{Record, Verdict},
    store::{
        process::ProcessKey,
        row::{Row, RowKey},
        view::{Column, Order},
    },
};

impl Order {
    /// Sorts rows. Equal ones are sorted by trouble, then by key, so the order never depends on
    /// chance.
    pub(super) fn sort_rows<T>(self, lines: &mut [T], row: impl Fn(&T) -> &Row) {
        let directed = |order: Ordering| {
            if self.descending {
                order.reverse()
            } else {
                order
            }
        };
        lines.sort_unstable_by(|a, b| {
            let (a, b) = (row(a), row(b));
            directed(compare_rows(a, b, self.column))
                .then_with(|| trouble(b).cmp(&trouble(a)))
                .then_with(|| a.key.cmp(&b.key))
        });
    }

    /// Sorts requests. Equal ones are sorted newest first.
    pub(super) fn sort_requests<R: AsRef<Record>>(self, records: &mut [R]) {
        let directed = |order: Ordering| {
            if self.descending {
                order.reverse()
            } else {
                order
            }
        };
        records.sort_by(|a, b| {
            let (a, b) = (a.as_ref(), b.as_ref());
            directed(compare_records(a, b, self.column))
                .then_with(|| b.time.cmp(&a.time))
                .then_with(|| a.pid.cmp(&b.pid))
                .then_with(|| offset(a).cmp(&offset(b)))
        });
    }
}

fn trouble(row: &Row) -> (u64, u64, u64, u64, u64) {
    let of = |verdict| row.tally.verdict(verdict).count;
    let total = row.tally.total().count;
    (
        of(Verdict::Rejected),
        of(Verdict::Buffered),
        of(Verdict::Accepted),
        of(Verdict::Failed),
        total,
    )
}

/// The harm of a finding, and its number of requests; larger is worse.
fn harm(row: &Row) -> Option<(Reverse<Harm>, u64)> {
    match &row.key {
        RowKey::Finding(key) => Some((Reverse(key.harm), row.tally.total().count)),
        _ => None,
    }
}

fn pid(row: &Row) -> Option<u32> {
    match row.process {
        Some(ProcessKey::One { pid, .. }) => Some(pid),
        _ => None,
    }
}

fn command(row: &Row) -> Option<&str> {
    match &row.process {
        Some(ProcessKey::One { comm, .. }) => Some(comm),
        _ => None,
    }
}

fn compare_rows(a: &Row, b: &Row, column: Column) -> Ordering {
    let (worst_a, worst_b) = (a.tally.worst(), b.tally.worst());
    // A smaller alignment is worse, so it sorts as larger. An unknown one sorts as best.
    let worse = |a: Option<u32>, b: Option<u32>| b.unwrap_or(u32::MAX).cmp(&a.unwrap_or(u32::MAX));
    match column {
        Column::Pid => pid(a).cmp(&pid(b)),
        Column::Command => command(a).cmp(&command(b)),
        Column::User => a.uid.cmp(&b.uid),
        Column::Cgroup => a.cgroup.cmp(&b.cgroup),
        Column::Rate => a.rate.total_cmp(&b.rate),
        Column::Verdict(verdict) => a
            .tally
            .verdict(verdict)
            .count
            .cmp(&b.tally.verdict(verdict).count),
        Column::Probing => a.tally.probing().count.cmp(&b.tally.probing().count),
        Column::Total => a.tally.total().count.cmp(&b.tally.total().count),
        Column::Bytes => a.tally.total().bytes.cmp(&b.tally.total().bytes),
        Column::WorstMemory => worse(worst_a.memory, worst_b.memory),
        Column::WorstOffset => worse(worst_a.offset, worst_b.offset),
        Column::WorstLength => worse(worst_a.length, worst_b.length),
        Column::Disk => a.disk.cmp(&b.disk),
        Column::Filesystem => a.filesystem.cmp(&b.filesystem),
        Column::FileCount => a.files.cmp(&b.files),
        Column::ProcessCount => a.processes.cmp(&b.processes),
        Column::Reason => a.main.cmp(&b.main),
        Column::Path => path(a).cmp(&path(b)),
        Column::LogicalBlock => {
            limit(a, |l| l.logical_block_size).cmp(&limit(b, |l| l.logical_block_size))
        }
        Column::DmaAlignment => limit(a, |l| l.dma_alignment).cmp(&limit(b, |l| l.dma_alignment)),
        Column::FilesystemBlock => {
            limit(a, |l| l.filesystem_block_size).cmp(&limit(b, |l| l.filesystem_block_size))
        }
        Column::VirtBoundary => {
            limit(a, |l| l.virt_boundary_mask).cmp(&limit(b, |l| l.virt_boundary_mask))
        }
        Column::Flags => flagged(&a.tally).cmp(&flagged(&b.tally)),
        Column::Harm => harm(a).cmp(&harm(b)),
        Column::Trouble => trouble(a).cmp(&trouble(b)),
        Column::LimitSource
        | Column::Time
        | Column::Outcome
        | Column::Operation
        | Column::Interface
        | Column::Offset
        | Column::Length
        | Column::Segments
        | Column::Result
        | Column::Latency => Ordering::Equal,
    }
}

fn path(row: &Row) -> Option<&str> {
    row.file.as_ref().and_then(|file| file.path.as_deref())
}

fn limit(row: &Row, of: impl Fn(&crate::model::Limits) -> u32) -> Option<u32> {
    row.limits.as_ref().map(of)
}

fn flagged(tally: &crate::store::Tally) -> u64 {
    tally
        .flags_by_count()
        .first()
        .map_or(0, |(_, volume)| volume.count)
}

fn offset(record: &Record) -> Option<u64> {
    record
        .request
        .as_ref()
        .map(|request| request.geometry.offset)
}

fn compare_records(a: &Record, b: &Record, column: Column) -> Ordering {
    let (Some(one), Some(other)) = (&a.request, &b.request) else {
        return Ordering::Equal;
    };
    let (left, right) = (&one.geometry, &other.geometry);
    match column {
        Column::Pid => a.pid.cmp(&b.pid),
        Column::Command => a.comm.cmp(&b.comm),
        Column::User => a.uid.cmp(&b.uid),
        Column::Cgroup => a.cgroup.cmp(&b.cgroup),
        Column::WorstMemory => right.memory_alignment().cmp(&left.memory_alignment()),
        Column::WorstOffset => right.offset_alignment().cmp(&left.offset_alignment()),
        Column::WorstLength => right.length_alignment().cmp(&left.length_alignment()),
        Column::Disk => a.disk.cmp(&b.disk),
        Column::Filesystem => a.filesystem.cmp(&b.filesystem),
        Column::Reason => a.reasons.cmp(&b.reasons),
        Column::Path => a.path.cmp(&b.path),
        Column::Flags => a.flags.cmp(&b.flags),
        Column::Outcome => a.verdict.cmp(&b.verdict),
        Column::Operation => a.operation.cmp(&b.operation),
        Column::Interface => a.interface.cmp(&b.interface),
        Column::Offset => left.offset.cmp(&right.offset),
        Column::Length => left.length.cmp(&right.length),
        Column::Segments => left.segment_count.cmp(&right.segment_count),
        Column::Result => one.result.cmp(&other.result),
        Column::Latency => one.latency.cmp(&other.latency),
        _ => a.time.cmp(&b.time),
    }
}
