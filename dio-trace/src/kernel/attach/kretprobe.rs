//! Kretprobes through tracefs, which can follow as many concurrent calls as the kernel allows.
//!
//! A kretprobe made through `perf_event_open` alone, as libraries make it, follows no more concurrent
//! calls than there are CPUs (`register_kretprobe`, kernel/kprobes.c, 5.10 to 6.17), and skips all
//! others. Direct I/O waits inside the probed function, often in hundreds of threads.

use std::{
    os::fd::{BorrowedFd, OwnedFd},
    path::Path,
};

use anyhow::{Context, Result};

use crate::kernel::sys::tracefs::Tracefs;

/// Concurrent calls that are followed: `KRETPROBE_MAXACTIVE_MAX` (`kernel/trace/trace_kprobe.c`).
pub(in crate::kernel) const CALLS_AT_A_TIME: u32 = 4_096;

/// Group of the events in tracefs.
const GROUP: &str = "dio_trace";

/// A kretprobe that stays attached until this is dropped.
#[derive(Debug)]
pub(in crate::kernel) struct Kretprobe {
    tracefs: Tracefs,
    event: String,
    /// `None` once detached.
    perf: Option<OwnedFd>,
}

impl Kretprobe {
    /// Attaches a loaded kretprobe program to the return of `function`.
    ///
    /// # Errors
    /// Where tracefs is not mounted or may not be written, or the kernel refuses the probe.
    pub(in crate::kernel) fn attach(program: BorrowedFd<'_>, function: &str) -> Result<Self> {
        let tracefs = Tracefs::mounted().context("tracefs is not mounted")?;
        let event = format!("{GROUP}_{}_{function}", std::process::id());
        tracefs.command(&format!("r{CALLS_AT_A_TIME}:{GROUP}/{event} {function}"))?;
        // Made before the program is attached, so that a failure there removes the event.
        let mut probe = Self {
            tracefs,
            event,
            perf: None,
        };
        probe.perf = Some(probe.tracefs.attach(GROUP, &probe.event, program)?);
        Ok(probe)
    }

    /// Calls that could not be followed so far, because too many were under way.
    pub(in crate::kernel) fn missed(&self) -> u64 {
        self.tracefs.missed(&self.event)
    }
}

impl Drop for Kretprobe {
    fn drop(&mut self) {
        // The event must not be in use when it is removed.
        self.perf = None;
        // If this fails, the next trace removes it.
        let _ = remove(&self.tracefs, &self.event);
    }
}

/// Removes the events of traces that were killed.
pub(in crate::kernel) fn remove_abandoned() {
    let Some(tracefs) = Tracefs::mounted() else {
        return;
    };
    let is_alive = |pid: &str| Path::new("/proc").join(pid).exists();
    for event in abandoned_in(&tracefs.kprobe_events(), is_alive) {
        let _ = remove(&tracefs, &event);
    }
}

fn remove(tracefs: &Tracefs, event: &str) -> Result<()> {
    tracefs.command(&format!("-:{GROUP}/{event}"))
}

/// Our events in `kprobe_events` whose process has ended; a line is `r4096:GROUP/EVENT FUNCTION`.
fn abandoned_in(events: &str, is_alive: impl Fn(&str) -> bool) -> Vec<String> {
    events
        .lines()
        .filter_map(|line| line.split_once(&format!(":{GROUP}/"))?.1.split(' ').next())
        .filter(|event| {
            let pid = event
                .strip_prefix(GROUP)
                .and_then(|rest| rest.trim_start_matches('_').split('_').next());
            pid.is_some_and(|pid| !is_alive(pid))
        })
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_events_of_dead_traces_are_removed() {
        let events = "r4096:dio_trace/dio_trace_7_iomap_dio_rw iomap_dio_rw\n\
                      r4096:dio_trace/dio_trace_8_iomap_dio_rw iomap_dio_rw\n\
                      p:kprobes/dio_trace_9_mine vfs_read\n";
        assert_eq!(
            abandoned_in(events, |pid| pid == "8"),
            ["dio_trace_7_iomap_dio_rw"]
        );
    }
}
