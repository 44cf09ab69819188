//! Measures `dio-trace report` on a large recording: `cargo bench -p dio-trace --bench report`.
//!
//! Makes a recording of captured requests (10 million, or as many as the argument says), reports
//! it, and prints time, CPU time and memory. For 10 million it should stay below 3 s on two cores
//! and 300 MB.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has failed"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use dio_trace::{
    model::Timestamp,
    recording::{Files, Recorder, Target},
};

const ROWS: usize = 10_000_000;
const ROWS_PER_BATCH: usize = 8_192;
const RUNS: usize = 3;

fn main() {
    let rows = std::env::args().find_map(|word| word.parse().ok());
    let rows: usize = rows.unwrap_or(ROWS);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace.dio");
    let files = Files {
        path: path.clone(),
        max_size: None,
        keep: 0,
    };
    let mut recorder = Recorder::start(Target::Files(files), common::environment()).unwrap();
    let mut last = Timestamp::default();
    for batch in common::busy(rows, ROWS_PER_BATCH) {
        last = batch.time;
        recorder.write(batch).unwrap();
    }
    recorder.finish(last).unwrap();
    let bytes = path.metadata().unwrap().len();
    let each = bytes as f64 / rows as f64;
    println!("{rows} captured requests, {bytes} bytes, {each:.1} each");
    for _ in 0..RUNS {
        let (before, started) = (children().0, Instant::now());
        let status = Command::new(env!("CARGO_BIN_EXE_dio-trace"))
            .arg("report")
            .arg(&path)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        let wall = started.elapsed();
        assert!(status.success());
        let (after, peak) = children();
        println!(
            "report: {:.2} s, {:.2} s of CPU time, {peak} KiB at most",
            wall.as_secs_f64(),
            (after - before).as_secs_f64(),
        );
    }
}

/// CPU time of the children that have ended, and the largest memory of one in KiB.
fn children() -> (Duration, i64) {
    // SAFETY: all-zero is a valid `rusage`.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is writable.
    let result = unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage) };
    assert_eq!(result, 0);
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.cast_unsigned())
            + Duration::from_micros(time.tv_usec.cast_unsigned())
    };
    (time(usage.ru_utime) + time(usage.ru_stime), usage.ru_maxrss)
}
