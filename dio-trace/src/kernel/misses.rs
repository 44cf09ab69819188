//! What the kernel skipped: runs of a probe that it left out because the probe was at work already,
//! and calls that a kretprobe had no room to follow.

use std::os::fd::RawFd;

use crate::kernel::{kretprobe::Kretprobe, tracing::skipped_runs};

/// The attached probes, as far as the kernel may skip them.
#[derive(Debug, Default)]
pub(super) struct Misses {
    /// Programs that stand in for one another: a call is missed only where all were skipped.
    programs: Vec<Vec<RawFd>>,
    counted: u64,
}

impl Misses {
    /// Watches programs of which each sees every call. They must stay open as long as this is used.
    pub(super) fn watch(&mut self, stand_ins: impl IntoIterator<Item = RawFd>) {
        self.programs.push(stand_ins.into_iter().collect());
    }

    /// Calls missed since the last time this was asked: exact for kretprobes, else no fewer than
    /// were missed. They need not have been direct I/O.
    pub(super) fn newly_missed(&mut self, kretprobes: &[Kretprobe]) -> u64 {
        let skipped = self.programs.iter().map(|stand_ins| {
            let runs = stand_ins.iter().map(|&program| skipped_runs(program));
            runs.min().unwrap_or(0)
        });
        let now = skipped.sum::<u64>() + kretprobes.iter().map(Kretprobe::missed).sum::<u64>();
        let new = now.saturating_sub(self.counted);
        self.counted = now;
        new
    }
}
