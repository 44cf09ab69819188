//! Finds the rows that a filter lets through, column by column.

use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;

use crate::{
    filter::{Filter, Pattern, any},
    model::{Operation, Verdict},
    recording::columns::{Columns, TextColumn},
};

/// Columns that [`select`] reads.
pub const FILTER_COLUMNS: [&str; 10] = [
    "count",
    "pid",
    "comm",
    "cgroup",
    "disk",
    "device",
    "path",
    "verdict",
    "operation",
    "result",
];

/// The rows of requests that `filter` lets through. With `keep_losses` losses stay, because they
/// concern all requests. Time marks never stay.
///
/// # Errors
/// Where the columns are not those of a recording.
pub fn select(
    rows: &RecordBatch,
    filter: &Filter,
    keep_losses: bool,
) -> Result<RecordBatch, String> {
    let mask: BooleanArray = mask(rows, filter, keep_losses)?.into();
    if mask.true_count() == rows.num_rows() {
        return Ok(rows.clone());
    }
    filter_record_batch(rows, &mask).map_err(|error| error.to_string())
}

/// Whether `filter` lets a row through, for each row.
pub(crate) fn mask(
    rows: &RecordBatch,
    filter: &Filter,
    keep_losses: bool,
) -> Result<Vec<bool>, String> {
    let columns = Columns::of(rows);
    let counts = columns.u64s("count")?;
    let mut mask: Vec<bool> = counts.values().iter().map(|count| *count != 0).collect();
    if !filter.is_empty() {
        narrow(&mut mask, columns, filter)?;
    }
    if keep_losses {
        let lost = columns.u64s("loss_count")?;
        for (row, keep) in mask.iter_mut().enumerate() {
            *keep |= lost.is_valid(row);
        }
    }
    Ok(mask)
}

fn narrow(mask: &mut [bool], columns: Columns<'_>, filter: &Filter) -> Result<(), String> {
    if !filter.pid.is_empty() {
        let pids = columns.u32s("pid")?;
        for (row, keep) in mask.iter_mut().enumerate() {
            *keep &= pids.is_valid(row) && filter.pid.contains(&pids.value(row));
        }
    }
    if !filter.verdict.is_empty() {
        let verdicts = columns.words("verdict", Verdict::from_word)?;
        for (keep, verdict) in mask.iter_mut().zip(verdicts) {
            *keep &= verdict.is_some_and(|verdict| filter.verdict.contains(&verdict));
        }
    }
    if !filter.operation.is_empty() {
        let operations = columns.words("operation", Operation::from_word)?;
        for (keep, operation) in mask.iter_mut().zip(operations) {
            *keep &= operation.is_some_and(|operation| filter.operation.contains(&operation));
        }
    }
    if !filter.errno.is_empty() {
        let results = columns.i64s("result")?;
        for (row, keep) in mask.iter_mut().enumerate() {
            *keep &= results.is_valid(row)
                && filter
                    .errno
                    .iter()
                    .any(|errno| results.value(row) == -errno.0);
        }
    }
    for (name, patterns) in [
        ("comm", &filter.comm),
        ("cgroup", &filter.cgroup),
        ("path", &filter.path),
    ] {
        if !patterns.is_empty() {
            let matching = matching(&columns.texts(name)?, patterns);
            for (row, keep) in mask.iter_mut().enumerate() {
                *keep &= matching(row);
            }
        }
    }
    if !filter.disk.is_empty() {
        let by_name = matching(&columns.texts("disk")?, &filter.disk);
        let by_number = matching(&columns.texts("device")?, &filter.disk);
        for (row, keep) in mask.iter_mut().enumerate() {
            *keep &= by_name(row) || by_number(row);
        }
    }
    Ok(())
}

/// A function that says whether a row's text matches. Each distinct text is compared once.
fn matching(column: &TextColumn, patterns: &[Pattern]) -> impl Fn(usize) -> bool + use<> {
    let matches: Vec<bool> = column
        .values
        .iter()
        .map(|text| text.is_some_and(|text| any(patterns, |pattern| pattern.matches(text))))
        .collect();
    let column = column.clone();
    move |row| {
        column
            .key(row)
            .and_then(|key| matches.get(key))
            .copied()
            .unwrap_or(false)
    }
}
