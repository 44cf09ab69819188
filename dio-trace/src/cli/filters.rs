//! The filter flags, which are the same for every command that has them.

use clap::Args;

use crate::{
    cli::word::word,
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
    /// What became of the request
    #[arg(long, value_name = "VERDICT", value_parser = word::<Verdict>())]
    verdict: Vec<Verdict>,
    /// Direction of the transfer
    #[arg(long, value_name = "OPERATION", value_parser = word::<Operation>())]
    operation: Vec<Operation>,
    /// Error of the request, by name or number, such as EINVAL or 5
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
