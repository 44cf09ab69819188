//! Small facts about the machine: kernel settings, processors, clocks.

use std::fs;

/// A value of `/proc/sys/kernel`.
pub(in crate::kernel) fn system(name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    text.trim().to_owned()
}

/// CPUs that may ever be online.
pub(in crate::kernel) fn possible_cpus() -> u32 {
    let count = aya::util::nr_cpus().unwrap_or(1);
    u32::try_from(count).unwrap_or(1).max(1)
}

/// A clock's time in nanoseconds.
pub(in crate::kernel) fn clock_nanoseconds(clock: libc::clockid_t) -> i64 {
    // SAFETY: all-zero is a valid `timespec`, and the call writes into it.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: `time` is live and writable.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec
        .saturating_mul(1_000_000_000)
        .saturating_add(time.tv_nsec)
}
