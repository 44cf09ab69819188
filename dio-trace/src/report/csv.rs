//! Comma-separated values, one line for each row. A list becomes one field with elements separated by
//! semicolons, such as `memory_address;file_offset`; segments are `ADDRESS+LENGTH`.
//!
//! Spreadsheets calculate a cell that begins like a formula, whoever gave a process or file its name. Such
//! text gets an apostrophe in front, which they take as the mark of plain text.

use std::{borrow::Cow, fmt::Write as _, io::Write, sync::Arc};

use arrow_array::{
    Array, ArrayRef, ListArray, RecordBatch, StringArray, cast::AsArray, types::UInt64Type,
};
use arrow_csv::{Writer, WriterBuilder};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::report::{
    plain::{plain_rows, plain_schema, with_offset_times},
    rows::Rows,
};

/// Columns with text that programs and users choose.
const CHOSEN: [&str; 5] = ["comm", "thread", "cgroup", "path", "user_stack"];

/// Writes one file.
pub(super) struct Csv<W: Write> {
    plain: SchemaRef,
    flat: SchemaRef,
    writer: Writer<W>,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(schema: &SchemaRef, output: W) -> anyhow::Result<Self> {
        let plain = plain_schema(schema);
        let flat = flat_schema(&plain);
        let builder = WriterBuilder::new()
            .with_header(true)
            .with_timestamp_tz_format("%Y-%m-%dT%H:%M:%S%.9fZ".to_owned());
        let mut writer = builder.build(output);
        // The head line is written even if there are no rows.
        writer.write(&with_offset_times(&RecordBatch::new_empty(flat.clone()))?)?;
        Ok(Self {
            plain,
            flat,
            writer,
        })
    }
}

impl<W: Write> Rows for Csv<W> {
    fn write(&mut self, rows: &RecordBatch) -> anyhow::Result<()> {
        let plain = plain_rows(rows, &self.plain)?;
        let fields = self.flat.fields().iter().zip(plain.columns());
        let columns: Vec<ArrayRef> = fields
            .map(|(field, column)| {
                let flat = flat_column(column);
                if CHOSEN.contains(&field.name().as_str()) {
                    without_formulas(&flat)
                } else {
                    flat
                }
            })
            .collect();
        let flat = RecordBatch::try_new(self.flat.clone(), columns)?;
        self.writer.write(&with_offset_times(&flat)?)?;
        Ok(())
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        self.writer.into_inner().flush()?;
        Ok(())
    }
}

fn flat_schema(plain: &SchemaRef) -> SchemaRef {
    let fields: Vec<Field> = plain
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::List(_) => Field::new(field.name(), DataType::Utf8, field.is_nullable()),
            _ => field.as_ref().clone(),
        })
        .collect();
    Arc::new(Schema::new(fields))
}

fn flat_column(column: &ArrayRef) -> ArrayRef {
    match column.as_list_opt::<i32>() {
        None => Arc::clone(column),
        Some(list) => {
            let texts = (0..list.len()).map(|row| (!list.is_null(row)).then(|| joined(list, row)));
            Arc::new(texts.collect::<StringArray>())
        }
    }
}

/// A column of text in which no cell begins like a formula.
fn without_formulas(column: &ArrayRef) -> ArrayRef {
    match column.as_string_opt::<i32>() {
        None => Arc::clone(column),
        Some(texts) => {
            let texts = texts.iter().map(|text| text.map(without_formula));
            Arc::new(texts.collect::<StringArray>())
        }
    }
}

fn without_formula(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The elements of one list.
fn joined(list: &ListArray, row: usize) -> String {
    let items = list.value(row);
    let mut text = String::new();
    for item in 0..items.len() {
        if item != 0 {
            text.push(';');
        }
        if let Some(texts) = items.as_string_opt::<i32>() {
            text.push_str(texts.value(item));
        } else if let Some(segment) = items.as_struct_opt() {
            let number = |field: usize| {
                let column = segment.columns().get(field);
                column
                    .and_then(|column| column.as_primitive_opt::<UInt64Type>())
                    .map_or(0, |column| column.value(item))
            };
            // Writing to a string cannot fail.
            let _ = write!(text, "{:#x}+{}", number(0), number(1));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(without_formula(text), format!("'{text}"));
        }
        for text in ["", "fio", "/data/=1", "'=1", "a-b"] {
            assert_eq!(without_formula(text), text);
        }
    }
}
