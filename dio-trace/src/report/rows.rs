//! Rows of a recording in a format that is written batch by batch.

use arrow_array::RecordBatch;

/// Writes batches of rows in one format.
pub(super) trait Rows {
    /// Writes the rows of one batch.
    fn write(&mut self, rows: &RecordBatch) -> anyhow::Result<()>;

    /// Writes the end of the output, after the last row.
    fn finish(self: Box<Self>) -> anyhow::Result<()>;
}
