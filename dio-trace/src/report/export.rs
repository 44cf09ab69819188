//! Exports all rows of a recording in another format, one batch at a time.

use std::io::{Read, Write};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::{
    filter::Filter,
    recording::{Ending, Reader, select},
    report::{csv::Csv, jsonl::JsonLines, parquet::Parquet},
};

/// A format with a row for each row of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// One JSON object on each line; absent values are left out.
    JsonLines,
    /// Comma-separated values with a head line.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// Writes batches of rows in one format.
pub(super) trait Rows {
    /// Writes the rows of one batch.
    fn write(&mut self, rows: &RecordBatch) -> anyhow::Result<()>;

    /// Writes what follows the last row.
    fn finish(self: Box<Self>) -> anyhow::Result<()>;
}

/// Writes the requests that `filter` lets through, and all losses, to `output`. Time marks are left
/// out. Returns how the recording ends.
///
/// # Errors
/// Where the recording cannot be read, or the output not be written.
pub fn export<R: Read>(
    mut reader: Reader<R>,
    filter: &Filter,
    format: Export,
    output: Box<dyn Write + Send>,
) -> anyhow::Result<Ending> {
    let mut rows = open(format, reader.schema(), output)?;
    while let Some(batch) = reader.next_rows().map_err(anyhow::Error::msg)? {
        let selected = select(&batch, filter, true).map_err(anyhow::Error::msg)?;
        if selected.num_rows() != 0 {
            rows.write(&selected)?;
        }
    }
    rows.finish()?;
    Ok(reader.ending().unwrap_or(Ending::Cut))
}

fn open(
    format: Export,
    schema: &SchemaRef,
    output: Box<dyn Write + Send>,
) -> anyhow::Result<Box<dyn Rows>> {
    Ok(match format {
        Export::JsonLines => Box::new(JsonLines::new(output)),
        Export::Csv => Box::new(Csv::new(schema, output)?),
        Export::Parquet => Box::new(Parquet::new(schema, output)?),
    })
}
