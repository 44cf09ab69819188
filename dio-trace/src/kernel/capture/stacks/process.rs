//! Which process a stack belongs to, and whether it is still there.

use std::{fs, sync::Arc};

/// A process as it was when it issued a request.
#[derive(Clone, Debug)]
pub(in crate::kernel) struct Process {
    /// Thread group.
    pub(in crate::kernel) pid: u32,
    /// Name of its leader.
    pub(in crate::kernel) comm: Arc<str>,
    /// When that was, nanoseconds of `CLOCK_BOOTTIME`.
    pub(in crate::kernel) seen: u64,
}

/// `USER_HZ`, the same on every machine that Linux has today.
const TICK: u64 = 1_000_000_000 / 100;

impl Process {
    /// Whether the process that has this id now is the same, and has not become another program:
    /// its memory then is what it was.
    pub(in crate::kernel) fn is_there(&self) -> bool {
        let Ok(stat) = fs::read(format!("/proc/{}/stat", self.pid)) else {
            return false;
        };
        parse(&String::from_utf8_lossy(&stat))
            .is_some_and(|(comm, started)| comm == &*self.comm && started <= self.seen)
    }
}

/// Name and start (nanoseconds of `CLOCK_BOOTTIME`) in a line of `/proc/PID/stat`.
fn parse(stat: &str) -> Option<(&str, u64)> {
    // The name may hold parentheses and spaces.
    let (before, rest) = stat.rsplit_once(')')?;
    let (_, comm) = before.split_once('(')?;
    // Field 22 of the line is the 20th behind the name.
    let ticks: u64 = rest.split_ascii_whitespace().nth(19)?.parse().ok()?;
    Some((comm, ticks.saturating_mul(TICK)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::machine::proc::clock_nanoseconds;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 500 20 21\n";
        assert_eq!(parse(stat), Some(("a) b", 5_000_000_000)));
        assert_eq!(parse("7 (a) S 1"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn another_process_is_told_apart() {
        let comm: Arc<str> = fs::read_to_string("/proc/self/comm").unwrap().trim().into();
        let this = Process {
            pid: std::process::id(),
            comm,
            seen: clock_nanoseconds(libc::CLOCK_BOOTTIME).cast_unsigned(),
        };
        assert!(this.is_there());
        let earlier = Process {
            seen: 0,
            ..this.clone()
        };
        assert!(!earlier.is_there(), "it had not begun");
        let other = Process {
            comm: "another".into(),
            ..this
        };
        assert!(!other.is_there(), "it has become another program");
    }
}
