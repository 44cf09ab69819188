//! Recordings in the hands of other people's readers: pyarrow, pandas, Polars, DuckDB.
//!
//! Runs only with `DIO_TRACE_PYTHON_TESTS=1`, because it installs packages from PyPI into
//! `target/python`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::doc_markdown,
    reason = "a test"
)]

mod common;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use dio_trace::{
    model::{Batch, Timestamp},
    recording::{Files, Recorder, Target},
};

const PACKAGES: [&str; 4] = ["pyarrow", "pandas", "polars", "duckdb"];

fn run(program: &Path, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{} {arguments:?}\n{}\n{}",
        program.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A Python with the packages, installed once.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_dio-trace"))
        .parent()
        .unwrap()
        .parent()
        .unwrap();
    let environment = target.join("python");
    let python = environment.join("bin/python");
    if !environment.join("ready").exists() {
        run(
            Path::new("python3"),
            &["-m", "venv", environment.to_str().unwrap()],
        );
        let install = ["-m", "pip", "install", "--quiet"];
        run(&python, &[&install[..], &PACKAGES[..]].concat());
        std::fs::write(environment.join("ready"), PACKAGES.join("\n")).unwrap();
    }
    python
}

#[test]
fn other_readers_see_the_same() {
    if std::env::var_os("DIO_TRACE_PYTHON_TESTS").is_none_or(|value| value != "1") {
        return common::skip("DIO_TRACE_PYTHON_TESTS is not 1: it downloads packages");
    }
    let directory = tempfile::tempdir().unwrap();
    let recording = directory.path().join("trace.dio");
    let files = Files {
        path: recording.clone(),
        max_size: None,
        keep: 0,
    };
    let mut recorder = Recorder::start(Target::Files(files), common::environment()).unwrap();
    for batch in common::story()
        .into_iter()
        .chain(common::busy(40_000, 16_384))
    {
        recorder.write(batch).unwrap();
    }
    recorder
        .write(Batch {
            time: Timestamp(common::START),
            ..Batch::default()
        })
        .unwrap();
    recorder.finish(Timestamp(common::START)).unwrap();
    let parquet = directory.path().join("trace.parquet");
    let recording = recording.to_str().unwrap();
    let parquet = parquet.to_str().unwrap();
    run(
        Path::new(env!("CARGO_BIN_EXE_dio-trace")),
        &["report", recording, "--format", "parquet", "-o", parquet],
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/readers.py");
    run(&python(), &[script.to_str().unwrap(), recording, parquet]);
}
