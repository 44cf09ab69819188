//! Columns of each table, with the room that each can use.

mod fit;

pub(super) use fit::{Shown, fit};

use crate::{model::Verdict, store::Column, tui::model::Tab};

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    /// The quantity that it shows and sorts by.
    pub column: Column,
    /// Short heading, at most `least` wide.
    pub title: &'static str,
    /// Long heading where there is room, at most `most` wide.
    pub full: &'static str,
    /// Smallest width, in terminal columns.
    pub least: u16,
    /// Width that it should have before less useful columns get any.
    pub good: u16,
    /// Largest useful width.
    pub most: u16,
    /// Whether it is aligned to the right, as numbers are.
    pub right: bool,
    /// Order of dropping: the column with the largest value is dropped first, and 0 is never
    /// dropped.
    pub drop: u8,
}

const fn number(column: Column, title: &'static str, least: u16, drop: u8) -> Spec {
    Spec {
        column,
        title,
        full: title,
        least,
        good: least,
        most: least,
        right: true,
        drop,
    }
}

/// A number, with a short heading for narrow terminals.
const fn count(column: Column, title: &'static str, full: &'static str, drop: u8) -> Spec {
    let most = if full.len() > 5 { full.len() as u16 } else { 5 };
    Spec {
        column,
        title,
        full,
        least: 5,
        good: 5,
        most,
        right: true,
        drop,
    }
}

const fn text(column: Column, title: &'static str, least: u16, most: u16, drop: u8) -> Spec {
    Spec {
        column,
        title,
        full: title,
        least,
        good: least,
        most,
        right: false,
        drop,
    }
}

/// A text that should have some room before less useful columns get any.
const fn name(column: Column, title: &'static str, widths: [u16; 3], drop: u8) -> Spec {
    let [least, good, most] = widths;
    Spec {
        good,
        ..text(column, title, least, most, drop)
    }
}

use Column as C;

const RATE: Spec = number(C::Rate, "REQ/S", 5, 3);
const REJECTED: Spec = count(C::Verdict(Verdict::Rejected), "REJ", "REJECTED", 0);
const BUFFERED: Spec = count(C::Verdict(Verdict::Buffered), "BUF", "BUFFERED", 1);
const ACCEPTED: Spec = count(C::Verdict(Verdict::Accepted), "ACC", "ACCEPTED", 2);
const ALIGNED: Spec = count(C::Verdict(Verdict::Aligned), "ALIGN", "ALIGNED", 5);
const FAILED: Spec = count(C::Verdict(Verdict::Failed), "FAIL", "FAILED", 10);
const PROBING: Spec = count(C::Probing, "PROBE", "PROBING", 14);
const BYTES: Spec = number(C::Bytes, "BYTES", 9, 12);
const MEMORY: Spec = count(C::WorstMemory, "MEM", "MEMORY", 6);
const FLAGS: Spec = text(C::Flags, "FLAGS", 10, 24, 13);
const DISK: Spec = name(C::Disk, "DISK", [7, 9, 12], 4);
const REASON: Spec = name(C::Reason, "MAIN REASON", [11, 21, 40], 7);

const FINDINGS: &[Spec] = &[
    text(C::Harm, "HARM", 9, 9, 0),
    number(C::Total, "TOTAL", 6, 0),
    RATE,
    name(C::Command, "COMMAND", [10, 15, 24], 0),
    name(C::Reason, "WHY", [12, 24, 60], 0),
    text(C::Filesystem, "FS", 5, 8, 3),
    DISK,
    number(C::FileCount, "FILES", 5, 1),
    number(C::ProcessCount, "PROCS", 5, 5),
    BYTES,
    text(C::Cgroup, "UNIT", 10, 40, 11),
];

const PROCESSES: &[Spec] = &[
    number(C::Pid, "PID", 7, 6),
    name(C::Command, "COMMAND", [10, 15, 24], 0),
    text(C::User, "USER", 6, 8, 15),
    RATE,
    REJECTED,
    BUFFERED,
    ACCEPTED,
    ALIGNED,
    FAILED,
    PROBING,
    BYTES,
    MEMORY,
    DISK,
    REASON,
    text(C::Cgroup, "CGROUP", 16, 48, 9),
    number(C::FileCount, "FILES", 5, 11),
];

const FILES: &[Spec] = &[
    name(C::Path, "PATH", [16, 32, 80], 0),
    RATE,
    REJECTED,
    BUFFERED,
    ACCEPTED,
    ALIGNED,
    FAILED,
    PROBING,
    BYTES,
    MEMORY,
    DISK,
    text(C::Filesystem, "FS", 5, 8, 8),
    REASON,
    number(C::ProcessCount, "PROCS", 5, 9),
    number(C::LogicalBlock, "LBS", 5, 11),
];

const DEVICES: &[Spec] = &[
    text(C::Disk, "DISK", 8, 16, 0),
    RATE,
    REJECTED,
    BUFFERED,
    ACCEPTED,
    ALIGNED,
    FAILED,
    BYTES,
    number(C::LogicalBlock, "LBS", 5, 0),
    number(C::DmaAlignment, "DMA", 5, 3),
    number(C::FilesystemBlock, "FSB", 5, 4),
    number(C::VirtBoundary, "GAP", 5, 6),
    text(C::LimitSource, "LIMITS FROM", 11, 40, 6),
    MEMORY,
    REASON,
    number(C::ProcessCount, "PROCS", 5, 9),
    number(C::FileCount, "FILES", 5, 9),
];

const REASONS: &[Spec] = &[
    text(C::Outcome, "VERDICT", 8, 10, 0),
    name(C::Reason, "REASONS", [14, 36, 60], 0),
    RATE,
    number(C::Total, "TOTAL", 6, 0),
    PROBING,
    BYTES,
    MEMORY,
    number(C::WorstLength, "LEN", 5, 7),
    number(C::WorstOffset, "OFF", 5, 7),
    DISK,
    FLAGS,
    number(C::ProcessCount, "PROCS", 5, 6),
    number(C::FileCount, "FILES", 5, 6),
];

const REQUESTS: &[Spec] = &[
    text(C::Time, "TIME (UTC)", 12, 12, 2),
    number(C::Pid, "PID", 7, 6),
    name(C::Command, "COMMAND", [10, 15, 16], 4),
    text(C::Operation, "OP", 5, 5, 3),
    text(C::Interface, "VIA", 8, 8, 9),
    number(C::Offset, "OFFSET", 11, 0),
    number(C::Length, "LENGTH", 7, 0),
    number(C::Segments, "SEGS", 4, 10),
    number(C::WorstMemory, "MEM", 5, 5),
    text(C::Outcome, "VERDICT", 8, 8, 0),
    text(C::Result, "RESULT", 7, 10, 6),
    number(C::Latency, "TOOK", 8, 9),
    name(C::Reason, "REASONS", [11, 21, 40], 1),
    text(C::Flags, "FLAGS", 8, 24, 12),
    DISK,
    text(C::Path, "PATH", 12, 60, 11),
];

/// Columns of a tab's table; none where the tab is not a table.
#[must_use]
pub(super) const fn columns(tab: Tab) -> &'static [Spec] {
    match tab {
        Tab::Findings => FINDINGS,
        Tab::Processes => PROCESSES,
        Tab::Files => FILES,
        Tab::Devices => DEVICES,
        Tab::Reasons => REASONS,
        Tab::Requests => REQUESTS,
        Tab::Alignments | Tab::Log | Tab::Host => &[],
    }
}
