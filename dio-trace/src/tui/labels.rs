//! Rows and requests as text: their names, and what a search considers.

use crate::{
    model::{Record, printable},
    store::{FileKey, Kind, ProcessKey, Row, RowKey},
};

/// Name of the process of a row.
#[must_use]
pub(super) fn command(row: &Row) -> String {
    if let RowKey::Finding(key) = &row.key {
        return match &*key.comm {
            "" => "(unknown)".to_owned(),
            comm => printable(comm).into_owned(),
        };
    }
    match &row.process {
        Some(ProcessKey::One { comm, .. }) if comm.is_empty() => "(unknown)".to_owned(),
        Some(ProcessKey::One { comm, .. }) => printable(comm).into_owned(),
        Some(ProcessKey::Others) => "(others)".to_owned(),
        None => format!("({} processes)", row.processes),
    }
}

/// Path of the file of a row, or what else is known of the file.
#[must_use]
pub(super) fn path(row: &Row) -> String {
    let Some(file) = &row.file else {
        return format!("({} files)", row.files);
    };
    match (&file.path, &file.key) {
        (Some(path), _) => printable(path).into_owned(),
        (None, FileKey::Inode { inode, .. }) => format!("(inode {inode}, path unknown)"),
        (None, FileKey::Others { .. }) => "(others)".to_owned(),
        (None, FileKey::Path { .. }) => "(unknown)".to_owned(),
    }
}

/// All text of a row that a search considers.
#[must_use]
pub(super) fn searchable(row: &Row) -> String {
    let mut text = format!("{} {}", command(row), path(row));
    if let Some(ProcessKey::One { pid, .. }) = &row.process {
        text.push_str(&format!(" {pid}"));
    }
    for part in [&row.cgroup, &row.disk, &row.filesystem]
        .into_iter()
        .flatten()
    {
        text.push(' ');
        text.push_str(&printable(part));
    }
    let kind = match row.key {
        RowKey::Kind(kind) => Some(kind),
        _ => row.main,
    };
    if let Some(kind) = kind {
        text.push_str(&searchable_kind(kind));
    }
    text.to_lowercase()
}

fn searchable_kind(kind: Kind) -> String {
    format!(
        " {} {}",
        kind.verdict,
        kind.reasons.words().collect::<Vec<_>>().join(" ")
    )
}

/// All text of a request that a search considers.
#[must_use]
pub(super) fn searchable_request(record: &Record) -> String {
    let mut text = format!(
        "{} {} {}",
        printable(&record.comm),
        record.pid,
        record.operation
    );
    for part in [&record.path, &record.disk, &record.cgroup]
        .into_iter()
        .flatten()
    {
        text.push(' ');
        text.push_str(&printable(part));
    }
    text.push_str(&searchable_kind(Kind {
        verdict: record.verdict,
        reasons: record.reasons,
    }));
    if let Some(request) = &record.request {
        text.push_str(&format!(
            " {} {}",
            request.geometry.offset, request.geometry.length
        ));
    }
    text.to_lowercase()
}
