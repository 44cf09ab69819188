//! Small facts about the machine: kernel settings, processors, known filesystems, clocks.

use std::{collections::HashSet, fs};

use rustix::time::{ClockId, clock_gettime};

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

/// Filesystem types that the kernel knows at the moment; those of modules only once they are loaded.
pub(in crate::kernel) fn known_filesystems() -> HashSet<String> {
    filesystems(&fs::read_to_string("/proc/filesystems").unwrap_or_default())
}

/// The last word of each line; `nodev` may stand before it (`filesystems_proc_show`,
/// fs/filesystems.c).
fn filesystems(text: &str) -> HashSet<String> {
    let words = text.lines().filter_map(|line| line.split('\t').next_back());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Nanoseconds since the machine was started (`CLOCK_BOOTTIME`), as the probes give them.
pub(in crate::kernel) fn since_boot() -> u64 {
    nanoseconds(ClockId::Boottime).cast_unsigned()
}

/// Nanoseconds to be added to [`since_boot`] for nanoseconds of UTC. NTP may change it at any time.
pub(in crate::kernel) fn boot_to_utc() -> i64 {
    let boot = nanoseconds(ClockId::Boottime);
    nanoseconds(ClockId::Realtime) - boot
}

fn nanoseconds(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec
        .saturating_mul(1_000_000_000)
        .saturating_add(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filesystems_are_known_with_and_without_a_device() {
        let known = filesystems("nodev\tsysfs\n\txfs\nnodev\tfuse.a b\n\n\t\n");
        let expected = ["sysfs", "xfs", "fuse.a b"].map(str::to_owned);
        assert_eq!(known, expected.into());
    }

    #[test]
    fn clocks_agree() {
        let (before, after) = (since_boot(), since_boot());
        assert!(0 < before && before <= after);
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let ours = since_boot().cast_signed() + boot_to_utc();
        assert!((now.as_nanos() as i64 - ours).abs() < 60_000_000_000);
    }
}
