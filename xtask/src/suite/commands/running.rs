//! A dio-trace that runs during the checks.

use std::{
    fs,
    path::PathBuf,
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

use anyhow::bail;

/// Time limit of one step, for a busy machine under emulation.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// A running dio-trace.
pub(super) struct Running {
    pub(super) child: Child,
    pub(super) output: PathBuf,
    pub(super) log: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It is still running only if a check has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Waits until the recording has its head: the probes are then attached.
    pub(super) fn wait_until_attached(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if fs::metadata(&self.output).is_ok_and(|file| file.len() != 0) {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() {
                bail!("dio-trace record ended: {}", self.said());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("dio-trace record did not attach: {}", self.said())
    }

    pub(super) fn signal(&self, signal: i32) {
        // SAFETY: the process is our child and was not waited for, so the id is its.
        unsafe { libc::kill(self.child.id() as libc::pid_t, signal) };
    }

    pub(super) fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("dio-trace record did not end: {}", self.said())
    }

    pub(super) fn said(&self) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        said.trim().replace('\n', "; ")
    }
}
