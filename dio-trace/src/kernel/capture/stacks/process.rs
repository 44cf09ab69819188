//! The process that a stack belongs to, and whether it is still there.

use std::sync::Arc;

use crate::kernel::machine::process::stat;

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

impl Process {
    /// Whether the process that has this id now is the same, and has not become another program:
    /// its memory then is as it was.
    pub(in crate::kernel) fn is_there(&self) -> bool {
        stat(self.pid).is_some_and(|now| now.comm == *self.comm && now.started <= self.seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::machine::proc::since_boot;

    #[test]
    fn another_process_is_not_taken_for_this_one() {
        let this = Process {
            pid: std::process::id(),
            comm: stat(std::process::id()).unwrap().comm.into(),
            seen: since_boot(),
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
