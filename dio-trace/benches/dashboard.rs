//! Measures the dashboard on a very busy host: `cargo bench -p dio-trace --bench dashboard`.
//!
//! 10,000 processes issue 100,000 requests a second, which arrive as counts, four times a second;
//! 1,000 more arrive one by one. Each second 100 processes end and 100 begin. The screen takes its
//! snapshots and draws at its own pace, into nothing. Printed are the CPU time that counting and
//! drawing take for each second on the screen, and the memory. Drawing should take less than 5 %,
//! and memory should stop growing.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has failed"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::{fs, io, sync::Arc, time::Duration};

use dio_trace::{
    model::{Batch, Operation, Record, Timestamp, Verdict},
    store::Store,
    tui::{Key, Message, Model, Theme, next_snapshot, update, view},
};
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect};

const PROCESSES: u32 = 10_000;
/// Number of processes that are replaced each second.
const RENEWED: u32 = 100;
const BATCHES_A_SECOND: u32 = 4;
const DETAILS_A_BATCH: u32 = 250;
const SECONDS: u32 = 300;
const REPORT: u32 = 30;
const SIZE: (u16, u16) = (200, 60);

fn main() {
    for (name, keys) in [
        ("processes", ""),
        ("processes with their files", "t"),
        ("files", "2"),
        ("requests", "5"),
    ] {
        println!("{name}");
        screen(keys);
    }
}

/// Runs the screen that these keys open.
fn screen(keys: &str) {
    let mut store = Store::new(common::environment());
    let mut model = Model::new(SIZE);
    let mut snapshot = store.snapshot(&model.view());
    for key in Key::parse(keys) {
        let _ = update(&mut model, Message::Key(key), &snapshot);
    }
    let options = TerminalOptions {
        viewport: Viewport::Fixed(Rect::new(0, 0, SIZE.0, SIZE.1)),
    };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(io::sink()), options).unwrap();
    let mut source = Source::new();
    let (mut counting, mut drawing, mut frames) = (Duration::ZERO, Duration::ZERO, 0);
    let mut next = Duration::ZERO;
    for number in 0..SECONDS * BATCHES_A_SECOND {
        let now = Duration::from_secs(1) * number / BATCHES_A_SECOND;
        let batch = source.batch(number, now);
        let started = cpu_time();
        store.add(batch);
        counting += cpu_time() - started;
        if now >= next {
            let started = cpu_time();
            snapshot = store.snapshot(&model.view());
            let _ = update(&mut model, Message::Counted, &snapshot);
            terminal
                .draw(|frame| view(frame, &model, &snapshot, &Theme::COLOUR))
                .unwrap();
            let cost = cpu_time() - started;
            drawing += cost;
            frames += 1;
            next = now + next_snapshot(cost);
        }
        if (number + 1) % (REPORT * BATCHES_A_SECOND) == 0 {
            let percent = |time: Duration| time.as_secs_f64() / f64::from(REPORT) * 100.0;
            println!(
                "{:5} s: counting {:.1} %, drawing {:.1} % ({frames} frames, {:.1} ms each), \
                 {} cells, {} MiB",
                (number + 1) / BATCHES_A_SECOND,
                percent(counting),
                percent(drawing),
                drawing.as_secs_f64() * 1000.0 / f64::from(frames.max(1)),
                store.cells(),
                resident() / 1024,
            );
            (counting, drawing, frames) = (Duration::ZERO, Duration::ZERO, 0);
        }
    }
}

/// A source of the batches that the kernel would send.
struct Source {
    /// Counted rows: aligned reads and writes, and misaligned reads that were accepted.
    kinds: [Record; 3],
    /// A misaligned read that is rejected, with its details.
    fault: Record,
    names: Vec<Arc<str>>,
    paths: Vec<Arc<str>>,
}

impl Source {
    fn new() -> Self {
        let time = common::START;
        let read = common::counted(common::FIO, time, 1);
        let mut write = read.clone();
        write.operation = Operation::Write;
        let address = 0x7f00_0000_0010;
        let mut accepted =
            common::request(common::FIO, time, Operation::Read, 0, &[(address, 4096)]);
        assert_eq!(accepted.verdict, Verdict::Accepted);
        accepted.request = None;
        let segments = [(0x7f11_0000_0000, 512), (0x7f11_0001_0000, 3584)];
        let fault = common::request(common::QEMU, time, Operation::Read, 0, &segments);
        assert_eq!(fault.verdict, Verdict::Rejected);
        let names = |prefix: &str| {
            (0..1000)
                .map(|one| format!("{prefix}{one}").into())
                .collect()
        };
        Self {
            kinds: [read, write, accepted],
            fault,
            names: names("worker-"),
            paths: names("/var/lib/db/base/16384/"),
        }
    }

    /// Counts of every process, and some faults.
    fn batch(&mut self, number: u32, now: Duration) -> Batch {
        let time = Timestamp(common::START + i64::try_from(now.as_nanos()).unwrap());
        let first = number / BATCHES_A_SECOND * RENEWED;
        let owned = |record: &Record, pid: u32| {
            let place = pid as usize % self.names.len();
            Record {
                time,
                pid,
                comm: Arc::clone(&self.names[place]),
                path: Some(Arc::clone(&self.paths[place])),
                ..record.clone()
            }
        };
        let counts = (first..first + PROCESSES).map(|pid| {
            let kind = &self.kinds[(pid + number) as usize % self.kinds.len()];
            let count = u64::from(2 + (pid + number) % 2);
            let bytes = count * 4096;
            Record {
                count,
                bytes,
                ..owned(kind, pid)
            }
        });
        let faults =
            (0..DETAILS_A_BATCH).map(|one| owned(&self.fault, first + (number + one) % 700));
        Batch {
            time,
            records: counts.chain(faults).collect(),
            losses: Vec::new(),
        }
    }
}

/// CPU time of this thread.
fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is writable.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0);
    Duration::new(
        time.tv_sec.cast_unsigned(),
        u32::try_from(time.tv_nsec).unwrap(),
    )
}

/// Resident memory, KiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
