//! Every field of every format equals the recording's.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod common;

use std::{
    fs::File,
    io::{Cursor, Write},
    path::{Path, PathBuf},
    process::Command,
};

use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use dio_trace::recording::{COLUMNS, Reader, select};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/v1.dio")
}

fn report(format: &str) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_dio-trace"))
        .args(["report", sample().to_str().unwrap(), "--format", format])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// The rows that the formats contain: all but time marks.
fn rows() -> Vec<RecordBatch> {
    let mut reader = Reader::new(File::open(sample()).unwrap()).unwrap();
    let mut batches = Vec::new();
    while let Some(rows) = reader.next_rows().unwrap() {
        let rows = select(&rows, &Default::default(), true).unwrap();
        if rows.num_rows() != 0 {
            batches.push(rows);
        }
    }
    batches
}

/// The columns of the recording, in their order: one of an older dio-trace has fewer, and so do its
/// exports, which never invent a value.
fn columns() -> Vec<&'static str> {
    let rows = rows();
    let here = rows[0].schema();
    let known: Vec<&str> = COLUMNS
        .iter()
        .map(|column| column.name)
        .filter(|name| here.column_with_name(name).is_some())
        .collect();
    assert_eq!(
        known.len(),
        here.fields().len(),
        "all its columns are known"
    );
    known
}

/// Each cell as text; `None` for null.
fn cells(batches: &[RecordBatch], column: &str) -> Vec<Option<String>> {
    let options = FormatOptions::new();
    batches
        .iter()
        .flat_map(|batch| {
            let mut array = batch.column_by_name(column).unwrap().clone();
            if matches!(array.data_type(), arrow_schema::DataType::Timestamp(..)) {
                array = arrow_cast::cast(&array, &arrow_schema::DataType::Int64).unwrap();
            }
            let format = ArrayFormatter::try_new(&array, &options).unwrap();
            (0..array.len())
                .map(|row| (!array.is_null(row)).then(|| format.value(row).to_string()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn parquet_holds_every_cell() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&report("parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    for column in columns() {
        assert_eq!(cells(&read, column), cells(&rows(), column), "{column}");
    }
}

#[test]
fn json_lines_hold_every_field() {
    let text = String::from_utf8(report("jsonl")).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for column in columns() {
        let expected = cells(&rows(), column);
        assert_eq!(lines.len(), expected.len());
        for (line, expected) in lines.iter().zip(expected) {
            let found = line.get(column);
            assert_eq!(found.is_some(), expected.is_some(), "{column}: {line}");
            let (Some(found), Some(expected)) = (found, expected) else {
                continue;
            };
            let found = comparable(found);
            let found = if column == "time" {
                nanoseconds(&found)
            } else {
                found
            };
            assert_eq!(found, expected, "{column}");
        }
    }
}

fn nanoseconds(time: &str) -> String {
    assert_eq!(time.len(), "2026-11-24T04:08:00.000000000Z".len(), "{time}");
    time.parse::<jiff::Timestamp>()
        .unwrap()
        .as_nanosecond()
        .to_string()
}

/// A value as Arrow prints it.
fn comparable(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(comparable).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

#[test]
fn csv_holds_every_field() {
    let csv = report("csv");
    let text = String::from_utf8(csv.clone()).unwrap();
    let names = columns();
    assert_eq!(text.lines().next().unwrap(), names.join(","));
    let (schema, _) = arrow_csv::reader::Format::default()
        .with_header(true)
        .infer_schema(Cursor::new(&csv), None)
        .unwrap();
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| arrow_schema::Field::new(field.name(), arrow_schema::DataType::Utf8, true))
        .collect();
    let schema = std::sync::Arc::new(arrow_schema::Schema::new(fields));
    let reader = arrow_csv::ReaderBuilder::new(schema)
        .with_header(true)
        .build(Cursor::new(csv))
        .unwrap();
    let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    for column in columns() {
        let expected = cells(&rows(), column);
        let found = cells(&read, column);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.into_iter().zip(expected) {
            let expected = expected
                .map(|text| as_csv(&text))
                .filter(|text| !text.is_empty());
            let found = found.filter(|text| !text.is_empty());
            let time = column == "time";
            let found = found.map(|text| if time { nanoseconds(&text) } else { text });
            assert_eq!(found, expected, "{column}");
        }
    }
}

/// A list as this format writes it.
fn as_csv(text: &str) -> String {
    let Some(items) = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    else {
        return text.to_owned();
    };
    if !items.contains('{') {
        return items.replace(", ", ";");
    }
    let items = items.trim_matches(['{', '}']).split("}, {").map(|item| {
        let (address, length) = item.split_once(", ").unwrap();
        let address: u64 = address.trim_start_matches("address: ").parse().unwrap();
        format!("{address:#x}+{}", length.trim_start_matches("length: "))
    });
    items.collect::<Vec<_>>().join(";")
}
