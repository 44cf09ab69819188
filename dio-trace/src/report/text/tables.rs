//! Tables of processes and disks.

use std::cmp::Reverse;

use crate::{
    model::{RAW_DEVICE, Verdict},
    report::{File, Place, Summary, text::layout::Page},
    store::Tally,
    text::{bytes, number},
};

/// Number of rows shown of a table.
const ROWS: usize = 10;

/// Name of a file in one line.
fn file_name(file: &File) -> String {
    let name = match (&file.path, file.inode, &file.disk) {
        (Some(path), ..) => path.to_string(),
        (None, Some(inode), _) => format!("(path unknown, inode {inode})"),
        (None, None, _) => "(file unknown)".to_owned(),
    };
    match (&file.filesystem, &file.disk) {
        (Some(filesystem), Some(disk)) if &**filesystem == RAW_DEVICE => {
            format!("{name} (raw device {disk})")
        }
        (Some(filesystem), Some(disk)) => format!("{name} ({filesystem} on {disk})"),
        (Some(filesystem), None) => format!("{name} ({filesystem})"),
        (None, Some(disk)) => format!("{name} (on {disk})"),
        (None, None) => name,
    }
}

/// The program and file of a place, in one line.
pub(super) fn place_name(place: &Place) -> String {
    let file = file_name(&place.file);
    let comm = if place.comm.is_empty() {
        "(unknown program)"
    } else {
        &*place.comm
    };
    format!("{comm}: {file}")
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
    page.title("By process");
    page.line(&format!(
        "  {:>8} {:<15} {:>13} {:>10} {:>11} {:>11} {:>11} {:>11} {:>11}",
        "pid",
        "program",
        "requests",
        "bytes",
        "misaligned",
        "rejected",
        "buffered",
        "accepted",
        "failed"
    ));
    for (process, tally) in rows.iter().take(ROWS) {
        let verdict = |verdict| number(tally.verdict(verdict).count);
        let total = tally.total();
        page.line(&format!(
            "  {:>8} {:<15} {:>13} {:>10} {:>11} {:>11} {:>11} {:>11} {:>11}",
            if process.pid == 0 {
                "-".to_owned()
            } else {
                process.pid.to_string()
            },
            process.comm,
            number(total.count),
            bytes(total.bytes),
            number(tally.misaligned().count),
            verdict(Verdict::Rejected),
            verdict(Verdict::Buffered),
            verdict(Verdict::Accepted),
            verdict(Verdict::Failed),
        ));
    }
    if rows.len() > ROWS {
        let mut rest = Tally::default();
        for (_, tally) in &rows[ROWS..] {
            rest.merge(tally);
        }
        page.line(&format!(
            "  and {} more with {} requests, {} misaligned",
            number((rows.len() - ROWS) as u64),
            number(rest.total().count),
            number(rest.misaligned().count)
        ));
    }
}

/// Every disk with its limits.
pub(super) fn disks(page: &mut Page, summary: &Summary) {
    let rows: Vec<_> = summary
        .disks
        .iter()
        .filter(|(name, _)| name.is_some())
        .collect();
    if rows.is_empty() {
        return;
    }
    page.title("By disk (limits in bytes)");
    page.line(&format!(
        "  {:<15} {:>13} {:>11} {:>11} {:>9} {:>13} {:>17}",
        "disk",
        "requests",
        "misaligned",
        "rejected",
        "logical",
        "dma alignment",
        "virtual boundary"
    ));
    for (name, disk) in rows {
        let tally = &disk.tally;
        let limit = |get: fn(&crate::model::Limits) -> u32| {
            disk.limits
                .as_ref()
                .map_or_else(|| "-".to_owned(), |limits| get(limits).to_string())
        };
        let boundary = match disk.limits.map(|limits| limits.virt_boundary_mask) {
            None => "-".to_owned(),
            Some(0) => "none".to_owned(),
            Some(mask) => (u64::from(mask) + 1).to_string(),
        };
        page.line(&format!(
            "  {:<15} {:>13} {:>11} {:>11} {:>9} {:>13} {:>17}",
            name.as_deref().unwrap_or("-"),
            number(tally.total().count),
            number(tally.misaligned().count),
            number(tally.verdict(Verdict::Rejected).count),
            limit(|limits| limits.logical_block_size),
            limit(|limits| limits.dma_alignment.saturating_add(1)),
            boundary,
        ));
    }
}
