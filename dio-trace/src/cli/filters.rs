//! The filter flags, which are the same for every command that has them.

use clap::Args;

use crate::{
    filter::{Errno, Filter, Pattern},
    model::{Operation, Verdict},
};

/// Flags that select requests.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Filters (repeat a flag for alternatives; text may be a glob)")]
pub struct FilterArguments {
    /// Process id (when tracing live, also its descendants)
    #[arg(long, value_name = "PID")]
    pid: Vec<u32>,
    /// Process name, such as 'fio*' (the kernel keeps 15 characters)
    #[arg(long, value_name = "GLOB", value_parser = Pattern::new)]
    comm: Vec<Pattern>,
    /// Control group path, such as '*/mariadb.service'
    #[arg(long, value_name = "GLOB", value_parser = Pattern::new)]
    cgroup: Vec<Pattern>,
    /// Disk name or number, such as nvme0n1 or 259:0
    #[arg(long, value_name = "GLOB", value_parser = disk)]
    disk: Vec<Pattern>,
    /// File path, such as '/var/lib/mysql/*'; * also matches /
    #[arg(long, value_name = "GLOB", value_parser = Pattern::new)]
    path: Vec<Pattern>,
    /// What became of it: aligned, accepted, buffered, rejected, failed
    #[arg(long, value_name = "VERDICT", value_parser = verdict)]
    verdict: Vec<Verdict>,
    /// read or write
    #[arg(long, value_name = "OPERATION", value_parser = operation)]
    operation: Vec<Operation>,
    /// Error of captured requests, by name or number, such as EINVAL or 5
    #[arg(long, value_name = "ERRNO")]
    errno: Vec<Errno>,
}

impl FilterArguments {
    /// The filter that these flags describe.
    #[must_use]
    pub fn filter(&self) -> Filter {
        Filter {
            pid: self.pid.clone(),
            comm: self.comm.clone(),
            cgroup: self.cgroup.clone(),
            disk: self.disk.clone(),
            path: self.path.clone(),
            verdict: self.verdict.clone(),
            operation: self.operation.clone(),
            errno: self.errno.clone(),
        }
    }
}

fn disk(text: &str) -> Result<Pattern, String> {
    Pattern::new(text.trim_start_matches("/dev/"))
}

/// Reads a verdict.
pub(super) fn verdict(word: &str) -> Result<Verdict, String> {
    Verdict::from_word(word).ok_or_else(|| one_of(Verdict::ALL.iter().map(|one| one.word())))
}

fn operation(word: &str) -> Result<Operation, String> {
    Operation::from_word(word).ok_or_else(|| one_of(Operation::ALL.iter().map(|one| one.word())))
}

fn one_of(words: impl Iterator<Item = &'static str>) -> String {
    format!("write one of {}", words.collect::<Vec<_>>().join(", "))
}
