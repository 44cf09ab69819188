//! Columns of each table, and how they share the width of the terminal.

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
        Tab::Processes => PROCESSES,
        Tab::Files => FILES,
        Tab::Devices => DEVICES,
        Tab::Reasons => REASONS,
        Tab::Requests => REQUESTS,
        Tab::Alignments | Tab::Log | Tab::Host => &[],
    }
}

/// A visible column, with its place on the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// Its description.
    pub spec: Spec,
    /// First column of the terminal.
    pub x: u16,
    /// Its width.
    pub width: u16,
}

/// Width of the cursor's mark, before the first column.
const MARK: u16 = 1;

/// Columns with this value of `drop` or more are shown only where the others have enough room.
const EXTRA: u8 = 8;

/// Width that names may take before numbers get their full headings.
const PLENTY: u16 = 30;

/// The columns for which there is room. Those with the highest `drop` are left out first. The rest
/// of the width goes to the columns that can use it, in turns.
#[must_use]
pub(super) fn fit(tab: Tab, width: u16) -> Vec<Shown> {
    let mut specs: Vec<Spec> = columns(tab).to_vec();
    let sum = |specs: &[Spec], of: fn(&Spec) -> u16| {
        MARK + specs
            .iter()
            .map(|spec| of(spec) + 1)
            .sum::<u16>()
            .saturating_sub(1)
    };
    let needed = |specs: &[Spec]| sum(specs, |spec| spec.least);
    let crowded = |specs: &[Spec]| {
        let extras = specs.iter().any(|spec| spec.drop >= EXTRA);
        needed(specs) > width || (extras && sum(specs, |spec| spec.good) > width)
    };
    while crowded(&specs) {
        let worst = specs.iter().map(|spec| spec.drop).max().unwrap_or(0);
        let Some(index) = specs.iter().rposition(|spec| spec.drop == worst) else {
            break;
        };
        if worst == 0 && specs.len() == 1 {
            break;
        }
        specs.remove(index);
    }
    let mut widths: Vec<u16> = specs.iter().map(|spec| spec.least).collect();
    let mut spare = width.saturating_sub(needed(&specs));
    // Names get room first; numbers get full headings only if there is plenty.
    let headings: u16 = specs
        .iter()
        .filter(|spec| spec.right)
        .map(|spec| spec.most - spec.least)
        .sum();
    if spare >= headings + PLENTY {
        for (spec, wide) in specs.iter().zip(&mut widths).filter(|(spec, _)| spec.right) {
            *wide = spec.most;
        }
        spare -= headings;
    }
    for enough in [|spec: &Spec| spec.good, |spec: &Spec| spec.most] {
        spare = grow(&specs, &mut widths, spare, enough);
    }
    let mut x = MARK;
    specs
        .into_iter()
        .zip(widths)
        .map(|(spec, wide)| {
            let shown = Shown {
                spec,
                x,
                width: wide.min(width.saturating_sub(x)),
            };
            x += wide + 1;
            shown
        })
        .collect()
}

/// Gives names room in turns, up to the useful width. Returns the rest.
fn grow(specs: &[Spec], widths: &mut [u16], mut spare: u16, enough: fn(&Spec) -> u16) -> u16 {
    loop {
        let before = spare;
        let names = specs
            .iter()
            .zip(&mut *widths)
            .filter(|(spec, _)| !spec.right);
        for (_, wide) in names.filter(|(spec, wide)| **wide < enough(spec)) {
            if spare == 0 {
                return 0;
            }
            *wide += 1;
            spare -= 1;
        }
        if before == spare {
            return spare;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_overlap_nor_leave_the_screen() {
        for tab in Tab::ALL {
            for width in 0..300 {
                let shown = fit(tab, width);
                for pair in shown.windows(2) {
                    assert!(pair[0].x + pair[0].width < pair[1].x);
                }
                let end = shown.last().map_or(0, |last| last.x + last.width);
                assert!(end <= width.max(MARK), "{tab:?} {width} {end}");
            }
        }
    }

    #[test]
    fn titles_fit_and_eighty_columns_show_what_matters() {
        for tab in Tab::ALL {
            for spec in columns(tab) {
                assert!(
                    spec.title.len() <= usize::from(spec.least),
                    "{}",
                    spec.title
                );
            }
        }
        let shown: Vec<_> = fit(Tab::Processes, 80)
            .iter()
            .map(|one| one.spec.title)
            .collect();
        assert_eq!(
            shown,
            [
                "PID",
                "COMMAND",
                "REQ/S",
                "REJ",
                "BUF",
                "ACC",
                "ALIGN",
                "MEM",
                "DISK",
                "MAIN REASON"
            ]
        );
    }
}
