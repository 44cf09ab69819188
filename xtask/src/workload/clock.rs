//! The kernel's clocks, in nanoseconds.

use std::io;

/// The monotonic clock.
pub(crate) fn monotonic() -> u64 {
    // This clock always exists.
    read(libc::CLOCK_MONOTONIC).unwrap_or(0)
}

/// CPU time of the running thread.
pub(crate) fn thread_time() -> u64 {
    // This clock always exists.
    read(libc::CLOCK_THREAD_CPUTIME_ID).unwrap_or(0)
}

/// CPU time of a process, over all threads.
///
/// # Errors
/// When it has ended.
pub(crate) fn process_time(pid: u32) -> io::Result<u64> {
    let mut clock: libc::clockid_t = 0;
    // SAFETY: the clock's number is written into `clock`.
    let error = unsafe { libc::clock_getcpuclockid(pid as libc::pid_t, &raw mut clock) };
    if error != 0 {
        return Err(io::Error::from_raw_os_error(error));
    }
    read(clock)
}

fn read(clock: libc::clockid_t) -> io::Result<u64> {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the time is written into `now`.
    if unsafe { libc::clock_gettime(clock, &raw mut now) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
}
