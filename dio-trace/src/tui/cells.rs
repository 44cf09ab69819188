//! The texts of table cells.

use crate::{
    diagnose::errno_name,
    findings::Key,
    model::{Flag, Reason, Record, Verdict, printable},
    store::{Column, Kind, ProcessKey, Row, RowKey, Snapshot, Tally},
    text::{bytes_short, clock_exact, latency, per_second, short, size},
    tui::{
        labels::{command, path},
        text::{cut, cut_front, width},
        theme::{Role, Theme},
    },
};

/// A cell: its text, at most as wide as asked, and its role.
pub(super) type Cell = (String, Role);

/// The text for requests that are buffered although they are aligned.
const CHOICE: &str = "filesystem's choice";

/// The text for an unknown value.
const UNKNOWN: &str = "-";

/// One cell of a row of sums.
#[must_use]
pub(super) fn of_row(
    row: &Row,
    column: Column,
    columns: usize,
    snapshot: &Snapshot,
    theme: &Theme,
) -> Cell {
    let mark = theme.symbols.cut;
    let plain = |text: &str| {
        (
            cut(&printable(text), columns, mark).into_owned(),
            Role::Text,
        )
    };
    let number = |number: u64| match number {
        0 => (UNKNOWN.to_owned(), Role::Faint),
        some => (short(some), Role::Text),
    };
    let limit = |bytes: Option<u32>| match bytes {
        Some(bytes) => (size(u64::from(bytes)), Role::Text),
        None => (UNKNOWN.to_owned(), Role::Faint),
    };
    let limits = row.limits;
    match column {
        Column::Pid => match &row.process {
            Some(ProcessKey::One { pid, .. }) => (pid.to_string(), Role::Text),
            _ => (UNKNOWN.to_owned(), Role::Faint),
        },
        Column::Command => plain(&command(row)),
        Column::Harm => match &row.key {
            RowKey::Finding(key) => (key.harm.word().to_owned(), Role::of_harm(key.harm)),
            _ => unknown(),
        },
        Column::Cgroup if matches!(row.key, RowKey::Finding(_)) => match &row.key {
            RowKey::Finding(key) => key.unit.as_deref().map_or_else(unknown, plain),
            _ => unknown(),
        },
        Column::User => row
            .uid
            .map_or_else(unknown, |uid| (uid.to_string(), Role::Text)),
        Column::Cgroup => match row.cgroup.as_deref() {
            Some(cgroup) => (
                cut_front(&printable(cgroup), columns, mark).into_owned(),
                Role::Faint,
            ),
            None => unknown(),
        },
        Column::Rate => (
            per_second(row.rate),
            if row.rate < 0.05 {
                Role::Faint
            } else {
                Role::Text
            },
        ),
        Column::Verdict(verdict) => of_verdict(&row.tally, verdict),
        Column::Probing => number(row.tally.probing().count),
        Column::Total => number(row.tally.total().count),
        Column::Bytes => (bytes_short(row.tally.total().bytes), Role::Text),
        Column::WorstMemory => worst(row, row.tally.worst().memory, theme),
        Column::WorstLength => worst(row, row.tally.worst().length, theme),
        Column::WorstOffset => worst(row, row.tally.worst().offset, theme),
        Column::Disk => match row.disk.as_deref() {
            Some(disk) if row.disks > 1 => {
                let more = format!("+{}", row.disks - 1);
                let room = columns.saturating_sub(more.len());
                (
                    format!("{}{more}", cut(&printable(disk), room, mark)),
                    Role::Text,
                )
            }
            Some(disk) => plain(disk),
            None => plain("no device"),
        },
        Column::Filesystem => row.filesystem.as_deref().map_or_else(unknown, plain),
        Column::FileCount => number(row.files as u64),
        Column::ProcessCount => number(row.processes as u64),
        Column::Outcome => match row.key {
            RowKey::Kind(kind) => plain_verdict(kind.verdict),
            _ => unknown(),
        },
        Column::Reason => match row.key {
            RowKey::Kind(kind) => of_reasons(kind, columns, theme),
            RowKey::Finding(ref key) => of_finding(key, columns, theme),
            _ => main_reason(row, columns, theme),
        },
        Column::Path => (
            cut_front(&path(row), columns, mark).into_owned(),
            Role::Text,
        ),
        Column::LogicalBlock => limit(limits.map(|limits| limits.logical_block_size)),
        Column::DmaAlignment => limit(limits.map(|limits| limits.dma_alignment.saturating_add(1))),
        Column::FilesystemBlock => limit(limits.map(|limits| limits.filesystem_block_size)),
        Column::VirtBoundary => match limits.map(|limits| limits.virt_boundary_mask) {
            Some(0) => ("none".to_owned(), Role::Faint),
            mask => limit(mask.map(|mask| mask.saturating_add(1))),
        },
        Column::LimitSource => plain(&limit_source(row, snapshot)),
        Column::Flags => {
            let flags: Vec<_> = row
                .tally
                .flags_by_count()
                .into_iter()
                .map(|(word, _)| word)
                .collect();
            plain(&flags.join(","))
        }
        _ => unknown(),
    }
}

/// One cell of a single request.
#[must_use]
pub(super) fn of_request(record: &Record, column: Column, columns: usize, theme: &Theme) -> Cell {
    let mark = theme.symbols.cut;
    let plain = |text: &str| {
        (
            cut(&printable(text), columns, mark).into_owned(),
            Role::Text,
        )
    };
    let Some(request) = &record.request else {
        return unknown();
    };
    let geometry = &request.geometry;
    match column {
        Column::Time => (clock_exact(record.time), Role::Text),
        Column::Pid => (record.pid.to_string(), Role::Text),
        Column::Command => plain(&record.comm),
        Column::Operation => plain(record.operation.word()),
        Column::Interface => plain(record.interface.word()),
        Column::Offset => (
            geometry.offset.to_string(),
            fault(record, Reason::FileOffset),
        ),
        Column::Length => (
            geometry.length.to_string(),
            fault(record, Reason::TotalLength),
        ),
        Column::Segments => (geometry.segment_count.to_string(), Role::Text),
        Column::WorstMemory => (
            size(u64::from(geometry.memory_alignment())),
            fault(record, Reason::MemoryAddress),
        ),
        Column::Outcome if record.flags.contains(Flag::Probing) => {
            ("probing".to_owned(), Role::Faint)
        }
        Column::Outcome => plain_verdict(record.verdict),
        Column::Result if request.result < 0 => plain(&errno_name(request.result)),
        Column::Result => plain(&request.result.to_string()),
        Column::Latency => (latency(request.latency), Role::Text),
        Column::Reason => {
            let kind = Kind {
                verdict: record.verdict,
                reasons: record.reasons,
            };
            of_reasons(kind, columns, theme)
        }
        Column::Flags => plain(&record.flags.words().collect::<Vec<_>>().join(",")),
        Column::Disk => record.disk.as_deref().map_or_else(unknown, plain),
        Column::Path => {
            let path = record
                .path
                .as_deref()
                .map_or_else(|| UNKNOWN.into(), printable);
            (cut_front(&path, columns, mark).into_owned(), Role::Text)
        }
        _ => unknown(),
    }
}

fn unknown() -> Cell {
    (UNKNOWN.to_owned(), Role::Faint)
}

fn fault(record: &Record, reason: Reason) -> Role {
    if record.reasons.contains(reason) {
        Role::Verdict(record.verdict)
    } else {
        Role::Text
    }
}

fn plain_verdict(verdict: Verdict) -> Cell {
    (verdict.word().to_owned(), Role::Verdict(verdict))
}

fn of_verdict(tally: &Tally, verdict: Verdict) -> Cell {
    match tally.verdict(verdict).count {
        0 => unknown(),
        count => (short(count), Role::Verdict(verdict)),
    }
}

/// The smallest alignment seen. If all requests are aligned, none was captured, but the verdict
/// implies at least the logical block.
fn worst(row: &Row, seen: Option<u32>, theme: &Theme) -> Cell {
    let total = row.tally.total().count;
    let aligned = total != 0 && total == row.tally.verdict(Verdict::Aligned).count;
    match (seen, row.limits) {
        (Some(bytes), _) => (size(u64::from(bytes)), Role::Text),
        (None, Some(limits)) if aligned && limits.logical_block_size != 0 => {
            let block = size(u64::from(limits.logical_block_size));
            (format!("{}{block}", theme.symbols.at_least), Role::Faint)
        }
        _ => unknown(),
    }
}

/// Why the requests of a finding are one.
fn of_finding(key: &Key, columns: usize, theme: &Theme) -> Cell {
    let word = match (key.flag, key.cause) {
        (Some(flag), _) => flag.word(),
        (_, Some(cause)) => cause.word(),
        _ if key.errno != 0 && key.reasons.is_empty() => {
            return (errno_name(-key.errno).into_owned(), Role::of_harm(key.harm));
        }
        _ => {
            let kind = Kind {
                verdict: key.verdict,
                reasons: key.reasons,
            };
            return of_reasons(kind, columns, theme);
        }
    };
    let text = cut(word, columns, theme.symbols.cut).into_owned();
    (text, Role::of_harm(key.harm))
}

fn main_reason(row: &Row, columns: usize, theme: &Theme) -> Cell {
    if row.tally.flag(Flag::Unchecked).count != 0 {
        return ("UNCHECKED".to_owned(), Role::Danger);
    }
    row.main
        .map_or_else(unknown, |kind| of_reasons(kind, columns, theme))
}

/// The reasons, in as many words as there is room for.
fn of_reasons(kind: Kind, columns: usize, theme: &Theme) -> Cell {
    let full = kind.reasons.words().collect::<Vec<_>>().join(", ");
    let text = match (kind.reasons.is_empty(), kind.verdict) {
        (true, Verdict::Buffered) if columns < CHOICE.len() => "filesystem".to_owned(),
        (true, Verdict::Buffered) => CHOICE.to_owned(),
        (true, _) => UNKNOWN.to_owned(),
        _ if width(&full) <= columns => full,
        _ => {
            // What the whole request gets wrong says more than which segment does.
            const TELLING: [Reason; Reason::ALL.len()] = [
                Reason::AtomicLength,
                Reason::AtomicOffset,
                Reason::AtomicSegments,
                Reason::FileOffset,
                Reason::TotalLength,
                Reason::MemoryAddress,
                Reason::VirtBoundary,
                Reason::SegmentLength,
            ];
            let words = TELLING
                .into_iter()
                .filter(|one| kind.reasons.contains(*one));
            words.map(short_reason).collect::<Vec<_>>().join("+")
        }
    };
    (
        cut(&text, columns, theme.symbols.cut).into_owned(),
        Role::Verdict(kind.verdict),
    )
}

/// One short word for a reason, for narrow columns; the help explains them.
pub(super) const fn short_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::MemoryAddress => "address",
        Reason::SegmentLength => "segment",
        Reason::TotalLength => "length",
        Reason::FileOffset => "offset",
        Reason::VirtBoundary => "gap",
        Reason::AtomicLength => "atomic length",
        Reason::AtomicOffset => "atomic offset",
        Reason::AtomicSegments => "atomic segments",
    }
}

/// The source of the limits of a row's device.
fn limit_source(row: &Row, snapshot: &Snapshot) -> String {
    use crate::model::LimitSource;
    let devices = &snapshot.environment.devices;
    let known = devices
        .iter()
        .find(|device| Some(device.disk.as_str()) == row.disk.as_deref());
    let Some(device) = known else {
        return if row.limits.is_some() {
            "kernel".to_owned()
        } else {
            UNKNOWN.to_owned()
        };
    };
    let source = match device.source {
        LimitSource::Sysfs => "sysfs",
        LimitSource::Statx => "statx",
        LimitSource::Kernel => "kernel",
    };
    if device.members.is_empty() {
        source.to_owned()
    } else {
        format!("{source}, on {}", device.members.join(" "))
    }
}
