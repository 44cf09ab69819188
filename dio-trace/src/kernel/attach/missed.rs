//! Counts of what the kernel skipped: runs of a probe that was already running on the same CPU, and
//! calls that a kretprobe had no room to follow.

use std::os::fd::RawFd;

use crate::kernel::{attach::kretprobe::Kretprobe, sys::bpf::skipped_runs};

/// The attached probes, as far as the kernel may skip them. The programs must stay open as long as
/// this is used.
#[derive(Debug, Default)]
pub(in crate::kernel) struct Misses {
    beginnings: Vec<Pair>,
    kprobes: Vec<Counter>,
    bios: Vec<Pair>,
    kretprobes: Counted,
    requests: Coincidence,
}

/// Numbers of requests and bios that were missed since the last call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct Missed {
    /// Requests.
    pub(in crate::kernel) requests: u64,
    /// Bios, of requests and of all else.
    pub(in crate::kernel) bios: u64,
}

impl Misses {
    /// Watches programs that see requests begin, and stand in for one another.
    pub(in crate::kernel) fn watch_beginnings(
        &mut self,
        programs: impl IntoIterator<Item = RawFd>,
    ) {
        self.beginnings.push(Pair::new(programs));
    }

    /// Watches a kprobe program.
    pub(in crate::kernel) fn watch_kprobe(&mut self, program: RawFd) {
        self.kprobes.push(Counter::new(program));
    }

    /// Watches programs that see bios, and stand in for one another.
    pub(in crate::kernel) fn watch_bios(&mut self, programs: impl IntoIterator<Item = RawFd>) {
        self.bios.push(Pair::new(programs));
    }

    /// Counts what was missed since the last call. `unmatched` requests were seen to end, but not to begin,
    /// in that time.
    ///
    /// Neither signal is conclusive alone: both programs of a pair may have been skipped for different
    /// calls, or for buffered I/O; and an unmatched end may belong to a request that is older than the
    /// trace. A miss is counted only when both occur in the same interval.
    pub(in crate::kernel) fn newly_missed(
        &mut self,
        unmatched: u64,
        kretprobes: &[Kretprobe],
    ) -> Missed {
        let skipped = self.beginnings.iter_mut().map(Pair::newly_skipped).sum();
        let calls = kretprobes.iter().map(Kretprobe::missed).sum();
        Missed {
            requests: self.requests.of(skipped, unmatched)
                + self.kretprobes.new_of(calls)
                + newly_skipped(&mut self.kprobes),
            bios: self.bios.iter_mut().map(Pair::newly_skipped).sum(),
        }
    }
}

/// A set of programs, any of which is enough.
#[derive(Debug)]
struct Pair {
    programs: Vec<Counter>,
    both: Coincidence,
}

impl Pair {
    fn new(programs: impl IntoIterator<Item = RawFd>) -> Self {
        Self {
            programs: programs.into_iter().map(Counter::new).collect(),
            both: Coincidence::default(),
        }
    }

    fn newly_skipped(&mut self) -> u64 {
        match self.programs.as_mut_slice() {
            [first, second] => self.both.of(first.newly_skipped(), second.newly_skipped()),
            programs => newly_skipped(programs),
        }
    }
}

fn newly_skipped(programs: &mut [Counter]) -> u64 {
    programs.iter_mut().map(Counter::newly_skipped).sum()
}

/// A program's skipped runs.
#[derive(Debug)]
struct Counter {
    program: RawFd,
    counted: Counted,
}

impl Counter {
    fn new(program: RawFd) -> Self {
        Self {
            program,
            counted: Counted::default(),
        }
    }

    fn newly_skipped(&mut self) -> u64 {
        self.counted.new_of(skipped_runs(self.program))
    }
}

/// How far a count that only grows has been taken account of.
#[derive(Debug, Default)]
struct Counted(u64);

impl Counted {
    fn new_of(&mut self, now: u64) -> u64 {
        let new = now.saturating_sub(self.0);
        self.0 = now;
        new
    }
}

/// Events of two kinds that happened together, at the most. What found no partner may have had it
/// read just before or after: it is kept for one more time.
#[derive(Debug, Default)]
struct Coincidence {
    alone: [u64; 2],
}

impl Coincidence {
    fn of(&mut self, first: u64, second: u64) -> u64 {
        let [a, b] = [first + self.alone[0], second + self.alone[1]];
        let both = a.min(b);
        self.alone = [first.min(a - both), second.min(b - both)];
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_meet_within_two_readings_and_no_later() {
        let mut events = Coincidence::default();
        assert_eq!(events.of(3, 1), 1);
        assert_eq!(events.of(0, 1), 1, "of the three, two were left");
        assert_eq!(events.of(0, 1), 0, "those are forgotten");
        assert_eq!(events.of(1, 0), 1, "read just after the other");
        assert_eq!(events.of(0, 5), 0);
    }

    #[test]
    fn a_count_is_taken_account_of_once() {
        let mut counted = Counted::default();
        assert_eq!(counted.new_of(4), 4);
        assert_eq!(counted.new_of(4), 0);
        assert_eq!(counted.new_of(5), 1);
    }
}
