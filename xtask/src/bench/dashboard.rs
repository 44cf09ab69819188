//! `dio-trace live` on a terminal of its own.

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

/// Rows and columns.
const SIZE: (u16, u16) = (50, 160);

/// What the dashboard took.
pub(super) struct Dashboard {
    /// Nanoseconds until it had painted its first screen.
    pub(super) start: u64,
    /// MiB, after requests of all kinds.
    pub(super) resident: f64,
}

/// Starts it, issues requests of every case, and looks at its memory.
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
        // An end by force: what it says then is of no interest.
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

/// Takes what is painted, and notes when the first screen came: more than what sets a terminal up.
fn read(mut output: impl Read, painted: &AtomicU64) {
    const SETUP: usize = 1000;
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0;
    // Reading fails once nobody has the other end open.
    while let Ok(length @ 1..) = output.read(&mut buffer) {
        total += length;
        if total > SETUP {
            let _ = painted.compare_exchange(0, monotonic(), Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}
