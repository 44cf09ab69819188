//! Kretprobes through tracefs, which can follow as many calls at a time as the kernel allows.
//!
//! A kretprobe made through `perf_event_open` alone, as libraries make it, follows no more calls at
//! a time than there are CPUs (`register_kretprobe`, kernel/kprobes.c, 5.10 to 6.17), and skips all
//! others. Direct I/O waits inside the probed function, often in hundreds of threads.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    mem::zeroed,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use aya_obj::generated::{
    PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_SET_BPF, PERF_FLAG_FD_CLOEXEC, perf_event_attr,
    perf_type_id::PERF_TYPE_TRACEPOINT,
};

/// Calls that are followed at a time: `KRETPROBE_MAXACTIVE_MAX` (`kernel/trace/trace_kprobe.c`).
pub(in crate::kernel) const CALLS_AT_A_TIME: u32 = 4_096;

/// Group of the events in tracefs.
const GROUP: &str = "dio_trace";

/// Where tracefs is usually mounted.
const TRACEFS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// A kretprobe that stays attached until this is dropped.
#[derive(Debug)]
pub(in crate::kernel) struct Kretprobe {
    tracefs: PathBuf,
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
        let tracefs = tracefs().context("tracefs is not mounted")?;
        let event = format!("{GROUP}_{}_{function}", std::process::id());
        command(
            &tracefs,
            &format!("r{CALLS_AT_A_TIME}:{GROUP}/{event} {function}"),
        )?;
        let mut probe = Self {
            tracefs,
            event,
            perf: None,
        };
        probe.perf = Some(probe.open(program)?);
        Ok(probe)
    }

    /// Calls that could not be followed so far, because too many were under way.
    pub(in crate::kernel) fn missed(&self) -> u64 {
        let profile = fs::read_to_string(self.tracefs.join("kprobe_profile")).unwrap_or_default();
        missed_in(&profile, &self.event)
    }

    fn open(&self, program: BorrowedFd<'_>) -> Result<OwnedFd> {
        let id = self
            .tracefs
            .join("events")
            .join(GROUP)
            .join(&self.event)
            .join("id");
        let id =
            fs::read_to_string(&id).with_context(|| format!("cannot read {}", id.display()))?;
        // SAFETY: all-zero is a valid `perf_event_attr`.
        let mut attr: perf_event_attr = unsafe { zeroed() };
        attr.type_ = PERF_TYPE_TRACEPOINT as u32;
        attr.size = size_of::<perf_event_attr>() as u32;
        attr.config = id.trim().parse().context("tracefs gave no event number")?;
        attr.__bindgen_anon_1.sample_period = 1;
        // The program sees the calls of all CPUs, whichever one the event is opened on.
        // SAFETY: `attr` is a live value of the size that it names.
        let perf = unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                &raw const attr,
                -1,
                0,
                -1,
                PERF_FLAG_FD_CLOEXEC,
            )
        };
        if perf < 0 {
            return Err(io::Error::last_os_error()).context("perf_event_open");
        }
        // SAFETY: the call returned a new descriptor that nobody else owns.
        let perf = unsafe { OwnedFd::from_raw_fd(perf as i32) };
        for (request, argument) in [
            (PERF_EVENT_IOC_SET_BPF, program.as_raw_fd()),
            (PERF_EVENT_IOC_ENABLE, 0),
        ] {
            // SAFETY: neither request takes a pointer.
            if unsafe { libc::ioctl(perf.as_raw_fd(), u64::from(request), argument) } < 0 {
                return Err(io::Error::last_os_error()).context("cannot attach");
            }
        }
        Ok(perf)
    }
}

impl Drop for Kretprobe {
    fn drop(&mut self) {
        // The event must not be in use when it is removed.
        self.perf = None;
        // What cannot be removed is by the next trace.
        let _ = command(&self.tracefs, &format!("-:{GROUP}/{}", self.event));
    }
}

/// Removes the events of traces that were killed.
pub(in crate::kernel) fn remove_forsaken() {
    let Some(tracefs) = tracefs() else { return };
    let events = fs::read_to_string(tracefs.join("kprobe_events")).unwrap_or_default();
    for event in forsaken_in(&events, |pid| Path::new("/proc").join(pid).exists()) {
        let _ = command(&tracefs, &format!("-:{GROUP}/{event}"));
    }
}

fn tracefs() -> Option<PathBuf> {
    TRACEFS
        .iter()
        .map(PathBuf::from)
        .find(|directory| directory.join("kprobe_events").exists())
}

fn command(tracefs: &Path, command: &str) -> Result<()> {
    let path = tracefs.join("kprobe_events");
    let append = |mut file: File| writeln!(file, "{command}");
    OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(append)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Lines of `kprobe_profile`: event, hits, misses.
fn missed_in(profile: &str, event: &str) -> u64 {
    profile
        .lines()
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>())
        .find(|words| words.first() == Some(&event))
        .and_then(|words| words.get(2)?.parse().ok())
        .unwrap_or(0)
}

/// Our events in `kprobe_events` whose process is gone; a line is `r4096:GROUP/EVENT FUNCTION`.
fn forsaken_in(events: &str, is_alive: impl Fn(&str) -> bool) -> Vec<String> {
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
    fn misses_are_read_from_the_event_s_own_line() {
        let profile = "  dio_trace_1_iomap_dio_rw                    120         3\n\
                       \x20 dio_trace_12_iomap_dio_rw                   7           0\n";
        assert_eq!(missed_in(profile, "dio_trace_1_iomap_dio_rw"), 3);
        assert_eq!(missed_in(profile, "dio_trace_12_iomap_dio_rw"), 0);
        assert_eq!(missed_in(profile, "dio_trace_2_iomap_dio_rw"), 0);
        assert_eq!(missed_in("", "dio_trace_1_iomap_dio_rw"), 0);
    }

    #[test]
    fn only_events_of_dead_traces_are_removed() {
        let events = "r4096:dio_trace/dio_trace_7_iomap_dio_rw iomap_dio_rw\n\
                      r4096:dio_trace/dio_trace_8_iomap_dio_rw iomap_dio_rw\n\
                      p:kprobes/dio_trace_9_mine vfs_read\n";
        assert_eq!(
            forsaken_in(events, |pid| pid == "8"),
            ["dio_trace_7_iomap_dio_rw"]
        );
    }
}
