//! Apache Parquet, for `DuckDB`, Spark and others that do not read Arrow streams.

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};

use crate::report::{
    plain::{plain_rows, plain_schema},
    rows::Rows,
};

/// Number of rows that are held in memory and written together.
const ROW_GROUP: usize = 131_072;

/// Writes one file.
pub(super) struct Parquet<W: Write + Send> {
    schema: SchemaRef,
    writer: ArrowWriter<W>,
}

impl<W: Write + Send> Parquet<W> {
    pub(super) fn new(schema: &SchemaRef, output: W) -> anyhow::Result<Self> {
        let schema = plain_schema(schema);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .build();
        let writer = ArrowWriter::try_new(output, schema.clone(), Some(properties))?;
        Ok(Self { schema, writer })
    }
}

impl<W: Write + Send> Rows for Parquet<W> {
    fn write(&mut self, rows: &RecordBatch) -> anyhow::Result<()> {
        self.writer.write(&plain_rows(rows, &self.schema)?)?;
        Ok(())
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        let mut output = self.writer.into_inner()?;
        output.flush()?;
        Ok(())
    }
}
