//! Reports of recordings, as users read them.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod common;

use std::io::Write;

use assert_cmd::Command;
use dio_trace::{
    model::{Batch, Operation, Timestamp},
    recording::{Pace, Writer},
    report::{Collector, findings},
};
use tempfile::NamedTempFile;

fn recording(batches: impl IntoIterator<Item = Batch>, seconds: i64) -> NamedTempFile {
    let pace = Pace {
        flush: std::time::Duration::ZERO,
        ..Pace::FILE
    };
    let mut writer = Writer::new(Vec::new(), common::environment(), pace).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    let time = Timestamp(common::START + seconds * 1_000_000_000);
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

fn dio_trace(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dio-trace"));
    command.args(arguments);
    command
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The report of a recording, under a name that does not change.
fn text(file: &NamedTempFile, arguments: &[&str]) -> String {
    let path = file.path().to_str().unwrap();
    output(dio_trace(&["report", path]).args(arguments)).replace(path, "trace.dio")
}

#[test]
fn faults_are_reported_worst_first() {
    insta::assert_snapshot!(text(&recording(common::story(), 600), &[]));
    insta::assert_snapshot!(
        "everything_about_each",
        text(&recording(common::story(), 600), &["--full"])
    );
}

#[test]
fn a_clean_trace_says_so() {
    let clean = Batch {
        time: Timestamp(common::START + 1_000_000_000),
        records: vec![common::counted(common::FIO, common::START, 1_234_567)],
        losses: Vec::new(),
    };
    let text = text(&recording([clean], 600), &[]);
    assert!(
        text.starts_with("0 faults of 1,234,567 direct requests in 10 min, nothing lost\n"),
        "{text}"
    );
    insta::assert_snapshot!(text);
}

#[test]
fn nothing_seen_is_reported() {
    let text = text(&recording([], 60), &[]);
    assert!(
        text.starts_with("No direct requests seen in 1 min, nothing lost\n"),
        "{text}"
    );
}

#[test]
fn filters_choose() {
    let text = text(
        &recording(common::story(), 600),
        &["--comm", "my*", "--verdict", "rejected"],
    );
    assert!(
        text.starts_with("2 rejected of 2 direct requests (100%), by mysqld"),
        "{text}"
    );
}

#[test]
fn the_json_summary_holds_the_same_numbers() {
    let file = recording(common::story(), 600);
    let path = file.path().to_str().unwrap();
    let json = output(&mut dio_trace(&["report", path, "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["total"]["count"], 1_234_006);
    assert_eq!(json["total"]["flags"]["probing"], 1);
    assert_eq!(json["total"]["verdicts"]["rejected"]["count"], 3);
    assert_eq!(json["losses"]["detail_capped"], 17);
    assert_eq!(json["counts_exact"], true);
    assert_eq!(json["environment"]["host"], "db1");
    let sum: u64 = json["by_process"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["count"].as_u64().unwrap())
        .sum();
    assert_eq!(sum, 1_234_006);
}

/// A misaligned buffer comes from a place in the program. Of several places, the report shows the
/// most frequent one.
#[test]
fn the_most_frequent_call_stack_is_shown() {
    let stack = |function: &str| {
        let frames = ["read_all+0x8 (db)", function, "main+0x20"];
        Some(frames.map(std::sync::Arc::from).to_vec())
    };
    let reads = |functions: &[Option<&str>], second: i64| {
        let time = common::START + second * 1_000_000_000;
        let records = functions.iter().map(|function| {
            let parts = [(0x7f11_0000_0010, 4096)];
            let mut record = common::request(common::QEMU, time, Operation::Read, 0, &parts);
            let request = record.request.as_mut().unwrap();
            request.user_stack = function.and_then(stack);
            record
        });
        Batch {
            time: Timestamp(time),
            records: records.collect(),
            losses: Vec::new(),
        }
    };
    let (rare, often) = (Some("read_header+0x8"), Some("read_pages+0x44"));
    let batches = [
        reads(&[rare, None, often], 1),
        reads(&[often, rare, often], 2),
    ];
    let file = recording(batches.clone(), 600);
    let found = text(&file, &[]);
    assert!(
        found.contains(
            "   calls      most often issued by (3 of 5 with a call stack), innermost function first:\n\
             \x20               read_all+0x8 (db)\n                read_pages+0x44\n                main+0x20\n"
        ),
        "{found}"
    );
    assert!(!found.contains("read_header"), "{found}");
    let path = file.path().to_str().unwrap();
    let json = output(&mut dio_trace(&["report", path, "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let stack = &json["findings"][0]["most_frequent_stack"];
    assert_eq!((&stack["count"], &stack["of"]), (&3.into(), &5.into()));
    assert_eq!(stack["frames"][1], "read_pages+0x44");
    assert_eq!(json["findings"][0]["call_site"], "read_all (db)");
    assert_eq!(
        json["findings"][0]["count"], 6,
        "those without a stack included"
    );
    // A live trace is summed up in another way.
    let mut collector = Collector::new(common::environment());
    for batch in &batches {
        collector.add(batch);
    }
    let live = collector.finish();
    let findings = findings(&live);
    let [only] = &findings[..] else {
        panic!("one cause is one finding: {findings:?}");
    };
    let stack = only.most_frequent_stack().unwrap();
    assert_eq!((stack.count, stack.of), (3, 5));
    assert_eq!(&*stack.frames[1], "read_pages+0x44");
    let alone = text(&recording([reads(&[often, often], 1)], 600), &[]);
    assert!(
        alone.contains("   calls      issued by, innermost function first:\n"),
        "{alone}"
    );
}

#[test]
fn a_recording_that_was_cut_off_says_so() {
    let file = recording(common::story(), 600);
    let length = file.as_file().metadata().unwrap().len();
    file.as_file().set_len(length - 3).unwrap();
    assert!(text(&file, &[]).contains("THE RECORDING ENDED EARLY"));
}

#[test]
fn bad_input_is_exit_code_2_with_a_reason() {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"PAR1 something else").unwrap();
    for path in [file.path().to_str().unwrap(), "/nonexistent/trace.dio"] {
        let output = dio_trace(&["report", path]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(path));
    }
}

#[test]
fn what_if_says_who_would_break() {
    let file = recording(common::story(), 600);
    insta::assert_snapshot!(text(&file, &["--what-if", "kernel=5.10,lbs=4096"]));
    let mended = text(&file, &["--what-if", "kernel=6.18"]);
    assert!(
        mended.contains("1 that are rejected here would work"),
        "{mended}"
    );
}
