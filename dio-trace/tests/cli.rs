//! Help, usage errors, exit codes, and the messages on a machine that cannot trace.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod common;

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use dio_trace::{
    model::{Batch, Operation, Timestamp},
    recording::{Pace, Writer},
};
use tempfile::{NamedTempFile, TempDir};

fn dio_trace(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dio-trace"))
        .args(arguments)
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn recording(batch: Batch) -> NamedTempFile {
    let pace = Pace {
        flush: std::time::Duration::ZERO,
        ..Pace::FILE
    };
    let mut writer = Writer::new(Vec::new(), common::environment(), pace).unwrap();
    writer.write(batch).unwrap();
    let time = Timestamp(common::START + 60_000_000_000);
    let bytes = writer
        .finish(Batch {
            time,
            ..Batch::default()
        })
        .unwrap();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    file
}

/// `bad` misaligned reads among `good` aligned ones.
fn reads(good: u64, bad: usize) -> NamedTempFile {
    let time = common::START;
    let mut records = vec![common::counted(common::QEMU, time, good)];
    let segments = [(0x7f11_0000_0000, 512), (0x7f11_0001_0000, 3584)];
    let fault = common::request(common::QEMU, time, Operation::Read, 0, &segments);
    records.extend(std::iter::repeat_n(fault, bad));
    recording(Batch {
        time: Timestamp(time),
        records,
        losses: Vec::new(),
    })
}

fn compare(before: &Path, after: &Path) -> Output {
    dio_trace(&["compare", before.to_str().unwrap(), after.to_str().unwrap()])
}

#[test]
fn help_of_every_command() {
    let commands = [
        "live", "record", "replay", "report", "compare", "verify", "inspect", "doctor",
    ];
    for command in [&[][..]]
        .into_iter()
        .chain(commands.iter().map(std::slice::from_ref))
    {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let output = dio_trace(&arguments);
        assert!(output.status.success());
        let name = command.first().copied().unwrap_or("dio-trace");
        insta::assert_snapshot!(format!("help_{name}"), stdout(&output));
    }
}

#[test]
fn the_schema_is_described_field_by_field() {
    insta::assert_snapshot!(stdout(&dio_trace(&["report", "--schema"])));
}

#[test]
fn wrong_usage_is_exit_code_2_with_what_to_write() {
    for (arguments, expected) in [
        (&[][..], "name a command"),
        (&["record"], "--output <FILE>"),
        (
            &["record", "-o", "x", "--duration", "soon"],
            "500ms, 90s, 10m, 2h, 1d",
        ),
        (&["record", "-o", "x", "--rotate", "2"], "--max-size"),
        (&["record", "-o", "-", "--max-size", "1M"], "is a pipe"),
        (&["record", "-o", "/"], "is a directory"),
        (
            &["report", "x", "--verdict", "bad"],
            "aligned, accepted, buffered, rejected, failed",
        ),
        (&["report", "x", "--comm", "["], "not a pattern"),
        (&["report", "x", "--what-if", "lbs=7"], "power of two"),
        (&["verify"], "--duration 5m"),
        (&["inspect", "/nonexistent"], "cannot access /nonexistent"),
        (
            &["compare", "/nonexistent", "/nonexistent"],
            "cannot open /nonexistent",
        ),
    ] {
        let output = dio_trace(arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(expected),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_process_that_does_not_exist_is_refused_at_once() {
    /// One more than Linux gives (`PID_MAX_LIMIT`).
    const NONE: &str = "4194305";
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("trace.dio");
    if std::fs::read_link("/proc/self/ns/pid").unwrap().as_os_str() != "pid:[4026531836]" {
        return common::skip("in a container --pid means processes that cannot be seen from here");
    }
    for arguments in [
        &["record", "-o", path.to_str().unwrap(), "--pid", NONE][..],
        &["verify", "--duration", "1s", "--pid", "1", "--pid", NONE],
        &["live", "--pid", NONE],
    ] {
        let output = dio_trace(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(
            stderr(&output),
            "dio-trace: --pid 4194305: no such process; to select by name, use --comm\n"
        );
    }
    assert!(!path.exists(), "no file without a trace");
}

/// This test needs a machine that cannot trace, or a build without probes. Where tracing works,
/// there is nothing to test.
#[test]
fn a_machine_that_cannot_trace_says_why_and_what_to_do() {
    let doctor = dio_trace(&["doctor"]);
    if doctor.status.success() {
        return common::skip("this machine can trace");
    }
    assert_eq!(doctor.status.code(), Some(4));
    assert!(
        stdout(&doctor).starts_with("This machine cannot be traced: "),
        "{}",
        stdout(&doctor)
    );
    let json = dio_trace(&["doctor", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["can_trace"], false);
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("trace.dio");
    let marker = directory.path().join("marker");
    let output = dio_trace(&[
        "record",
        "-o",
        path.to_str().unwrap(),
        "--",
        "touch",
        marker.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("cannot trace here: "),
        "{}",
        stderr(&output)
    );
    assert!(!path.exists(), "no file without a trace");
    assert!(!marker.exists(), "the command was not started");
    let verify = dio_trace(&["verify", "--duration", "1s"]);
    assert_eq!(verify.status.code(), Some(4));
}

#[test]
fn compare_finds_what_is_fixed() {
    let output = compare(reads(10_000, 50).path(), reads(5_000, 0).path());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn compare_finds_what_is_new_and_worse() {
    let output = compare(reads(10_000, 0).path(), reads(5_000, 3).path());
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(stdout(&output));
    let output = compare(reads(10_000, 50).path(), reads(1_000, 50).path());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn compare_says_when_it_is_undecided() {
    let output = compare(reads(10_000, 50).path(), reads(20, 0).path());
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!(stdout(&output));
    let nothing = recording(Batch::default());
    assert_eq!(
        compare(nothing.path(), nothing.path()).status.code(),
        Some(3)
    );
}

#[test]
fn a_reader_that_leaves_early_is_not_an_error() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/v1.dio");
    for format in ["text", "jsonl", "csv"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dio-trace"))
            .args(["report", sample.to_str().unwrap(), "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{format}: {}", stderr(&output));
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn inspect_describes_a_file() {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&[1; 65_536]).unwrap();
    let output = dio_trace(&["inspect", "--format", "json", file.path().to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json[0]["kind"], "file");
    assert!(json[0]["filesystem"].is_string());
}
