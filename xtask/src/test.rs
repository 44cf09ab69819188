//! `cargo xtask test`: runs the tests of the host, then the suite in a guest with each kernel.

mod findings;
mod guests;
mod host;
mod prefix;
mod report;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;

use self::report::Report;
use crate::{
    build::{self, Profile},
    phase,
    setup::{self, Series},
};

/// Run all tests: on this machine, and in guests with each kernel
#[derive(Args)]
pub(crate) struct Test {
    /// Only guests with these kernel series, such as `--kernel 5.10,6.18`; `setup` lists all
    #[arg(long = "kernel", value_delimiter = ',', value_name = "SERIES")]
    kernels: Vec<Series>,
    /// Run the long suite: every request through every call, and 100,000 requests by fio
    #[arg(long)]
    full: bool,
    /// Run no guests
    #[arg(long, conflicts_with_all = ["kernels", "full", "guests_only", "only"])]
    host_only: bool,
    /// Run only the guests
    #[arg(long)]
    guests_only: bool,
    /// Only the suite's parts whose name contains this; repeatable
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Number of guests at a time; each has two processors
    #[arg(long, default_value_t = default_jobs(), value_name = "NUMBER")]
    jobs: usize,
}

fn default_jobs() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .clamp(1, 8)
}

impl Test {
    /// Prints the outcome of all tests and, as the last line, `N passed, N failed, N skipped`.
    ///
    /// # Errors
    /// When the tests cannot be run. A failed test is an exit code.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let toolchain = setup::build_tools()?;
        let wanted = if self.kernels.is_empty() {
            setup::ALL_SERIES.to_vec()
        } else {
            self.kernels.clone()
        };
        let kernels = if self.host_only {
            Vec::new()
        } else {
            phase::timed("guests' tools and kernels", || {
                setup::guests(&wanted, false)
            })?
        };
        // One object for both, so that dio-trace is compiled once.
        let object = build::probes(&toolchain)?;
        let mut report = Report::default();
        if !self.guests_only {
            phase::timed("tests on this machine", || host::run(&object, &mut report))?;
        }
        if !self.host_only {
            build::binary(Profile::Dev, &object)?;
            for series in &wanted {
                if !kernels.iter().any(|kernel| kernel.series == *series) {
                    report.missing(*series);
                }
            }
            let suite = guests::Suite {
                full: self.full,
                only: &self.only,
                jobs: self.jobs.max(1),
                older_qemu: older_qemu(&wanted),
            };
            phase::timed("guests", || suite.run(kernels, &mut report))?;
        }
        Ok(report.print())
    }
}

/// QEMU 5.2, unless it cannot be had or none of these kernels needs it; what needs it is then skipped.
fn older_qemu(series: &[Series]) -> Option<PathBuf> {
    setup::older_qemu(series).unwrap_or_else(|error| {
        phase::say(format!("QEMU 5.2 is not available: {error:#}"));
        None
    })
}
