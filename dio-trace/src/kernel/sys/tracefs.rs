//! Kprobe events of tracefs: making, using, counting and removing them (`kernel/trace/trace_kprobe.c`).

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    mem::zeroed,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    path::PathBuf,
};

use anyhow::{Context, Result};
use aya_obj::generated::{
    PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_SET_BPF, PERF_FLAG_FD_CLOEXEC, perf_event_attr,
    perf_type_id::PERF_TYPE_TRACEPOINT,
};

/// Where tracefs is usually mounted.
const USUAL: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// A mounted tracefs.
#[derive(Clone, Debug)]
pub(in crate::kernel) struct Tracefs(PathBuf);

impl Tracefs {
    /// The mounted one; `None` where there is none that may be read.
    pub(in crate::kernel) fn mounted() -> Option<Self> {
        USUAL
            .iter()
            .map(PathBuf::from)
            .find(|directory| directory.join("kprobe_events").exists())
            .map(Self)
    }

    /// All kprobe events of the system, a line each, such as `r4096:GROUP/EVENT FUNCTION`.
    pub(in crate::kernel) fn kprobe_events(&self) -> String {
        fs::read_to_string(self.0.join("kprobe_events")).unwrap_or_default()
    }

    /// Carries out a command on `kprobe_events`, such as `r4096:GROUP/EVENT FUNCTION` or
    /// `-:GROUP/EVENT`.
    ///
    /// # Errors
    /// Where the file may not be written, or the kernel refuses the command.
    pub(in crate::kernel) fn command(&self, command: &str) -> Result<()> {
        let path = self.0.join("kprobe_events");
        let append = |mut file: File| writeln!(file, "{command}");
        OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(append)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Number of times that the kernel could not follow a call of this event's function.
    pub(in crate::kernel) fn missed(&self, event: &str) -> u64 {
        let profile = fs::read_to_string(self.0.join("kprobe_profile")).unwrap_or_default();
        missed_in(&profile, event)
    }

    /// Runs a loaded program at each of an event's calls, on all CPUs, until the result is dropped.
    ///
    /// # Errors
    /// Where the event does not exist, or the kernel refuses the program.
    pub(in crate::kernel) fn attach(
        &self,
        group: &str,
        event: &str,
        program: BorrowedFd<'_>,
    ) -> Result<OwnedFd> {
        let id = self.0.join("events").join(group).join(event).join("id");
        let id =
            fs::read_to_string(&id).with_context(|| format!("cannot read {}", id.display()))?;
        let perf = open_tracepoint(id.trim().parse().context("tracefs gave no event number")?)
            .context("perf_event_open")?;
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

/// Opens the event of a tracepoint or kprobe. It is opened on the first CPU; a program that is set on
/// it runs on all.
fn open_tracepoint(id: u64) -> io::Result<OwnedFd> {
    // SAFETY: all-zero is a valid `perf_event_attr`.
    let mut attr: perf_event_attr = unsafe { zeroed() };
    attr.type_ = PERF_TYPE_TRACEPOINT as u32;
    attr.size = size_of::<perf_event_attr>() as u32;
    attr.config = id;
    attr.__bindgen_anon_1.sample_period = 1;
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
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(perf as i32) })
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
}
