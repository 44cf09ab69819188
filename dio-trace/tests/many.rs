//! Several recordings are reported as one: files, directories and rotated sets, of several hosts.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod common;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use dio_trace::{
    model::{Batch, Operation, Timestamp},
    recording::{Pace, Writer},
};
use tempfile::TempDir;

/// A recording of one misaligned request on this host, begun at this second.
fn record(path: &Path, host: &str, second: i64) {
    let time = Timestamp(common::START + second * 1_000_000_000);
    let mut environment = common::environment();
    (environment.host, environment.started) = (host.to_owned(), time);
    let mut writer = Writer::new(Vec::new(), environment, Pace::FILE).unwrap();
    let parts = [(0x7f22_0000_0000, 512)];
    let records = vec![
        common::request(common::MYSQL, time.0, Operation::Write, 512, &parts),
        common::counted(common::FIO, time.0, 9),
    ];
    writer
        .write(Batch {
            time,
            records,
            losses: Vec::new(),
        })
        .unwrap();
    let end = Batch {
        time: Timestamp(time.0 + 1_000_000_000),
        ..Batch::default()
    };
    fs::write(path, writer.finish(end).unwrap()).unwrap();
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dio-trace"));
    command.current_dir(directory).args(arguments);
    command.output().unwrap()
}

fn stdout(directory: &Path, arguments: &[&str]) -> String {
    let output = run(directory, arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A rotated set of one host, and a recording of another.
fn set() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, host, second) in [
        ("t.dio.2", "db1", 0),
        ("t.dio.1", "db1", 10),
        ("t.dio", "db1", 20),
        ("other.dio", "db2", 5),
    ] {
        record(&directory.path().join(name), host, second);
    }
    fs::write(directory.path().join("notes.txt"), "no recording").unwrap();
    directory
}

#[test]
fn files_directories_and_rotated_sets_are_one_report() {
    let set = set();
    for names in [
        &["."][..],
        &["t.dio*", "other.dio"],
        &["t.dio", "t.dio.1", "t.dio.2", "other.dio"],
    ] {
        let arguments: Vec<&str> = [&["report"], names].concat();
        let text = stdout(set.path(), &arguments);
        assert!(
            text.starts_with("4 rejected of 40 direct requests (10.0%), by mysqld, in 21 s;"),
            "{text}"
        );
        assert!(
            text.contains("4 recordings of 2 hosts: db1 and db2"),
            "{text}"
        );
        assert!(text.contains("\n1. mysqld"), "{text}");
        assert!(!text.contains("\n2. "), "one cause is one finding: {text}");
    }
    let text = stdout(set.path(), &["report", "t.dio*"]);
    assert!(text.contains("3 recordings of host db1"), "{text}");
    let json = stdout(set.path(), &["report", ".", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["recordings"], 4);
    assert_eq!(json["hosts"], serde_json::json!(["db1", "db2"]));
}

#[test]
fn rows_come_in_the_order_in_which_they_were_recorded() {
    let set = set();
    let lines = stdout(set.path(), &["report", ".", "--format", "jsonl"]);
    let times = lines.lines().map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        row["time"].as_str().unwrap().to_owned()
    });
    let times: Vec<String> = times.collect();
    assert_eq!(times.len(), 8);
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn sets_are_compared_and_replayed() {
    let set = set();
    let output = run(set.path(), &["compare", "t.dio*", "other.dio"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("SAME; findings: 1 unchanged\n"), "{text}");
    let screen = stdout(set.path(), &["replay", ".", "--screenshot", "100x30"]);
    assert!(
        screen.contains("4 rejected of 40 direct requests"),
        "{screen}"
    );
    let forecast = stdout(set.path(), &["report", ".", "--what-if", "lbs=512"]);
    assert!(forecast.contains("40 direct requests"), "{forecast}");
}

#[test]
fn what_is_no_set_of_recordings_is_refused() {
    let set = set();
    let empty = tempfile::tempdir().unwrap();
    for (directory, arguments, expected) in [
        (
            empty.path(),
            &["report", "."][..],
            "no recordings in this directory",
        ),
        (set.path(), &["report", "x*.dio"], "no file matches"),
        (set.path(), &["report", "t.dio", "-"], "- is read alone"),
        (set.path(), &["report", "t.dio", "notes.txt"], "notes.txt"),
        (set.path(), &["replay", "t.dio", "notes.txt"], "notes.txt"),
    ] {
        let output = run(directory, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_descriptor_that_is_not_open_is_refused_before_tracing() {
    let directory = tempfile::tempdir().unwrap();
    for number in ["1", "77"] {
        let output = run(
            directory.path(),
            &["record", "-o", "t.dio", "--ready-fd", number],
        );
        assert_eq!(output.status.code(), Some(2));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains("not an open file descriptor"), "{errors}");
        assert!(!directory.path().join("t.dio").exists());
    }
}
