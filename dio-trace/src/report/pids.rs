//! The processes that issued requests, as far as a report can name them.

/// Number of processes that are told apart in one case: a report names a few.
const CAPACITY: usize = 32;

/// Some process ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pids {
    known: Vec<u32>,
    more: bool,
}

impl Pids {
    /// Adds a process; 0 stands for unknown ones.
    pub(super) fn add(&mut self, pid: u32) {
        if pid == 0 {
            self.more = true;
        } else if !self.known.contains(&pid) {
            if self.known.len() < CAPACITY {
                self.known.push(pid);
            } else {
                self.more = true;
            }
        }
    }

    /// Adds all of `other`.
    pub(super) fn merge(&mut self, other: &Self) {
        other.known.iter().for_each(|pid| self.add(*pid));
        self.more |= other.more;
    }

    /// The known ones, in no order.
    #[must_use]
    pub fn known(&self) -> &[u32] {
        &self.known
    }

    /// Whether there are others.
    #[must_use]
    pub const fn has_more(&self) -> bool {
        self.more
    }
}
