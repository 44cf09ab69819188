//! JSON lines: one object for each row.

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_json::{
    WriterBuilder,
    writer::{LineDelimited, Writer},
};

use crate::report::{plain::with_offset_times, rows::Rows};

/// Format of times, always with nine digits, so that the texts sort like the times.
const TIME: &str = "%Y-%m-%dT%H:%M:%S%.9fZ";

/// Writes one object on each line.
pub(super) struct JsonLines<W: Write>(Writer<W, LineDelimited>);

impl<W: Write> JsonLines<W> {
    pub(super) fn new(output: W) -> Self {
        let builder = WriterBuilder::new().with_timestamp_tz_format(TIME.to_owned());
        Self(builder.build(output))
    }
}

impl<W: Write> Rows for JsonLines<W> {
    fn write(&mut self, rows: &RecordBatch) -> anyhow::Result<()> {
        self.0.write(&with_offset_times(rows)?)?;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        self.0.finish()?;
        self.0.get_mut().flush()?;
        Ok(())
    }
}
