//! Measures `dio-trace live` on a terminal of its own.

use std::{
    io::Read,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use portable_pty::Child;

use super::{cases::CASES, measure, memory};
use crate::{terminal::Terminal, workload::clock::monotonic};

/// Size of the terminal: rows and columns.
const SIZE: (u16, u16) = (50, 160);

/// CPU time and memory that the dashboard needed.
pub(super) struct Dashboard {
    /// Nanoseconds until it had painted its first screen.
    pub(super) start: u64,
    /// Resident memory after requests of all kinds, MiB.
    pub(super) resident: f64,
}

/// Starts the dashboard, issues requests of every case, and measures its memory.
///
/// # Errors
/// When it does not start.
pub(super) fn run(program: &Path) -> Result<Dashboard> {
    let started = monotonic();
    let Terminal {
        output,
        keys,
        mut child,
    } = Terminal::run(program, &["live"], SIZE)?;
    let painted = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| read(output, &painted));
        let result = watch(&mut *child, started, &painted);
        // It is killed, so its exit status means nothing.
        child.kill()?;
        child.wait()?;
        drop(keys);
        result
    })
}

fn watch(
    child: &mut (dyn Child + Send + Sync),
    started: u64,
    painted: &AtomicU64,
) -> Result<Dashboard> {
    while painted.load(Ordering::Relaxed) == 0 {
        if child.try_wait()?.is_some() {
            bail!("dio-trace live ended by itself");
        }
        if monotonic() - started > 120_000_000_000 {
            bail!("dio-trace live paints nothing");
        }
        thread::sleep(Duration::from_millis(1));
    }
    let start = painted.load(Ordering::Relaxed) - started;
    for case in CASES {
        measure::open(case)?.run(10 * case.round())?;
        thread::sleep(Duration::from_millis(300));
    }
    measure::settle();
    Ok(Dashboard {
        start,
        resident: memory::resident(child.process_id().context("the dashboard is gone")?)?,
    })
}

/// Reads what is painted, and notes when the first screen arrived: more bytes than it takes to set
/// up a terminal.
fn read(mut output: impl Read, painted: &AtomicU64) {
    const SETUP: usize = 1000;
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0;
    // Reading fails once the other end is closed.
    while let Ok(length @ 1..) = output.read(&mut buffer) {
        total += length;
        if total > SETUP {
            let _ = painted.compare_exchange(0, monotonic(), Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}
