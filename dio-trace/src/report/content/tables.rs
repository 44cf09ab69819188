//! Tables of verdicts, losses, processes and disks.

use std::cmp::Reverse;

use crate::{
    model::{Limits, Verdict},
    report::{
        page::{Page, Table},
        summary::Summary,
    },
    store::Tally,
    text::{bytes, number, rate},
};

/// Number of rows shown of a table.
const ROWS: usize = 10;

/// What became of all requests.
pub(super) fn verdicts(page: &mut Page, summary: &Summary) {
    let total = &summary.total;
    if total.total().count == 0 {
        return;
    }
    page.heading("What became of them");
    let meanings = [
        (
            Verdict::Rejected,
            "failed, because it broke an alignment rule",
        ),
        (
            Verdict::Buffered,
            "served by the page cache despite O_DIRECT",
        ),
        (
            Verdict::Accepted,
            "misaligned, yet done directly: may fail on another kernel or disk",
        ),
        (Verdict::Failed, "failed for another reason"),
        (Verdict::Aligned, "aligned, done directly"),
    ];
    let verdicts = meanings
        .into_iter()
        .map(|(verdict, meaning)| (verdict.word(), total.verdict(verdict), meaning));
    let probing = (
        "probing",
        total.probing(),
        "trying out which alignment works; not a fault",
    );
    let rows = verdicts
        .chain([probing])
        .filter(|(_, volume, _)| volume.count != 0);
    page.table(Table {
        columns: vec![("", false), ("", true), ("", true), ("", true), ("", false)],
        rows: rows
            .map(|(word, volume, meaning)| {
                vec![
                    word.to_owned(),
                    number(volume.count),
                    bytes(volume.bytes),
                    format!("{} per 1,000", rate(total.per_thousand(volume.count))),
                    meaning.to_owned(),
                ]
            })
            .collect(),
    });
    for (name, words) in [
        ("reasons", total.reasons_by_count()),
        ("flags", total.flags_by_count()),
    ] {
        let words: Vec<String> = words
            .into_iter()
            .map(|(word, volume)| format!("{word} {}", number(volume.count)))
            .collect();
        if !words.is_empty() {
            page.labelled(name, words.join(", "));
        }
    }
}

/// What was lost.
pub(super) fn losses(page: &mut Page, summary: &Summary) {
    if summary.losses.is_empty() {
        return;
    }
    page.heading("Lost");
    let rows = summary.losses.iter().map(|loss| {
        let effect = if loss.cause.keeps_counts_exact() {
            "details only; counts stay exact"
        } else {
            "counts are not exact"
        };
        vec![
            loss.cause.word().to_owned(),
            number(loss.count),
            effect.to_owned(),
        ]
    });
    page.table(Table {
        columns: vec![("", false), ("", true), ("", false)],
        rows: rows.collect(),
    });
}

/// The processes with the most trouble.
pub(super) fn processes(page: &mut Page, summary: &Summary) {
    if summary.processes.is_empty() {
        return;
    }
    let mut rows: Vec<_> = summary.processes.iter().collect();
    rows.sort_by_key(|(process, tally)| {
        let (trouble, misaligned) = (tally.trouble().count, tally.misaligned().count);
        (
            Reverse(trouble),
            Reverse(misaligned),
            Reverse(tally.total()),
            (*process).clone(),
        )
    });
    page.heading("By process");
    let cells = rows.iter().take(ROWS).map(|(process, tally)| {
        let verdict = |verdict| number(tally.verdict(verdict).count);
        vec![
            match process.pid {
                0 => "-".to_owned(),
                pid => pid.to_string(),
            },
            process.comm.to_string(),
            number(tally.total().count),
            bytes(tally.total().bytes),
            number(tally.misaligned().count),
            verdict(Verdict::Rejected),
            verdict(Verdict::Buffered),
            verdict(Verdict::Accepted),
            verdict(Verdict::Failed),
        ]
    });
    page.table(Table {
        columns: vec![
            ("pid", true),
            ("program", false),
            ("requests", true),
            ("bytes", true),
            ("misaligned", true),
            ("rejected", true),
            ("buffered", true),
            ("accepted", true),
            ("failed", true),
        ],
        rows: cells.collect(),
    });
    if rows.len() > ROWS {
        let mut rest = Tally::default();
        for (_, tally) in &rows[ROWS..] {
            rest.merge(tally);
        }
        page.lines(vec![format!(
            "and {} more with {} requests, {} misaligned",
            number((rows.len() - ROWS) as u64),
            number(rest.total().count),
            number(rest.misaligned().count)
        )]);
    }
}

/// Every disk with its limits.
pub(super) fn disks(page: &mut Page, summary: &Summary) {
    let disks = summary.disks.iter();
    let rows: Vec<Vec<String>> = disks
        .filter_map(|(name, disk)| {
            let tally = &disk.tally;
            let limit = |get: fn(&Limits) -> u32| {
                disk.limits
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), |limits| get(limits).to_string())
            };
            let boundary = match disk.limits.map(|limits| limits.virt_boundary_mask) {
                None => "-".to_owned(),
                Some(0) => "none".to_owned(),
                Some(mask) => (u64::from(mask) + 1).to_string(),
            };
            Some(vec![
                name.as_deref()?.to_owned(),
                number(tally.total().count),
                number(tally.misaligned().count),
                number(tally.verdict(Verdict::Rejected).count),
                limit(|limits| limits.logical_block_size),
                limit(|limits| limits.dma_alignment.saturating_add(1)),
                boundary,
            ])
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    page.heading("By disk (limits in bytes)");
    page.table(Table {
        columns: vec![
            ("disk", false),
            ("requests", true),
            ("misaligned", true),
            ("rejected", true),
            ("logical", true),
            ("dma alignment", true),
            ("virtual boundary", true),
        ],
        rows,
    });
}
