//! The choices of the user for one trace: plain data.

/// The user's choices for a trace.
#[derive(Clone, Debug)]
pub struct Options {
    /// Details also of aligned requests.
    pub all: bool,
    /// Only these thread groups and their descendants; empty for everything.
    pub processes: Vec<u32>,
    /// Follow a command that is not started yet.
    pub command: bool,
    /// Details that each process may send each second.
    pub detail_rate: u32,
    /// Call stacks of misaligned requests.
    pub stacks: bool,
    /// Let the probes log each request that begins and ends.
    pub log: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            all: false,
            processes: Vec::new(),
            command: false,
            detail_rate: 5_000,
            stacks: false,
            log: false,
        }
    }
}
