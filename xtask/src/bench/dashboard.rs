//! `dio-trace live` on a terminal of its own.

use std::{
    fs::File,
    io::{self, Read},
    os::{
        fd::{FromRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::Path,
    process::{Child, Command},
    ptr,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Result, bail};

use super::{cases::CASES, measure, memory};
use crate::workload::monotonic;

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
    let (master, slave) = terminal()?;
    let mut command = Command::new(program);
    command
        .arg("live")
        .env("TERM", "xterm-256color")
        .stdin(slave.try_clone()?)
        .stdout(slave.try_clone()?)
        .stderr(slave);
    // SAFETY: both calls are allowed between fork and exec, and take no pointers.
    unsafe {
        command.pre_exec(|| {
            if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
    let started = monotonic();
    let mut child = command.spawn()?;
    // Our ends of its terminal go, so that reading ends with it.
    drop(command);
    let painted = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| read(master, &painted));
        let result = watch(&mut child, started, &painted);
        // An end by force: what it says then is of no interest.
        child.kill()?;
        child.wait()?;
        result
    })
}

fn watch(child: &mut Child, started: u64, painted: &AtomicU64) -> Result<Dashboard> {
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
        resident: memory::resident(child.id())?,
    })
}

/// Takes what is painted, and notes when the first screen came: more than what sets a terminal up.
fn read(mut master: File, painted: &AtomicU64) {
    const SETUP: usize = 1000;
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0;
    // Reading fails once nobody has the other end open.
    while let Ok(length @ 1..) = master.read(&mut buffer) {
        total += length;
        if total > SETUP {
            let _ = painted.compare_exchange(0, monotonic(), Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

/// Both ends of a new terminal of 160 columns and 50 rows.
fn terminal() -> io::Result<(File, OwnedFd)> {
    let (mut master, mut slave) = (-1, -1);
    let mut size = libc::winsize {
        ws_row: 50,
        ws_col: 160,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: both descriptors are written into our integers, and the size is read.
    let result = unsafe {
        libc::openpty(
            &raw mut master,
            &raw mut slave,
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut size,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: two new descriptors that nobody else owns.
    Ok(unsafe { (File::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) })
}
