//! `xtask workload`: issues known direct requests to one target. For each it prints one JSON line
//! with the exact request and the kernel's answer. It is the other half of every test of the
//! tracer, and the program that the demonstrations run.

mod aio;
pub(crate) mod answer;
mod arena;
mod burst;
mod call;
pub(crate) mod clock;
mod issue;
mod matrix;
mod order;
mod random;
mod repeat;
mod request;
mod ring;
mod scenario;
mod sync;
mod target;

use std::{io::Write, path::PathBuf, time::Duration};

use anyhow::Context;
use clap::{Args, Subcommand};

pub(crate) use call::Call;
pub(crate) use repeat::{Repeater, Shape};
pub(crate) use request::Piece;
pub(crate) use target::Region;

use issue::Issuers;
use request::Request;
use target::Target;

/// Issue known direct requests and print what the kernel answered
#[derive(Args)]
pub(crate) struct Workload {
    #[command(subcommand)]
    plan: Plan,
    /// Name of the process, as other processes see it
    #[arg(long, global = true)]
    comm: Option<String>,
    /// Put buffers into huge pages: physically contiguous memory
    #[arg(long, global = true)]
    huge: bool,
    /// Issue only requests through these calls
    #[arg(long, global = true, value_delimiter = ',')]
    calls: Vec<Call>,
    /// Issue only reads
    #[arg(long, global = true)]
    read_only: bool,
    /// Do everything this many times
    #[arg(long, global = true, default_value_t = 1)]
    repeat: u64,
    /// Pause between requests, milliseconds
    #[arg(long, global = true, default_value_t = 0)]
    pause: u64,
}

#[derive(Subcommand)]
enum Plan {
    /// Act like a program that is known for misaligned I/O; without a name, list the scenarios
    Scenario {
        /// Name of the scenario
        name: Option<scenario::Name>,
        /// File (which is replaced) or block device (whose first megabytes are overwritten)
        target: Option<PathBuf>,
    },
    /// Issue every kind of misaligned request: a systematic set, then random ones
    Matrix {
        /// File (which is replaced) or block device (whose first megabytes are overwritten)
        target: PathBuf,
        /// Issue every shape through every call, instead of one call of each interface
        #[arg(long)]
        every_call: bool,
        /// Number of random requests after the systematic ones
        #[arg(long, default_value_t = 0)]
        random: u64,
        /// Seed of the random requests
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Submit many asynchronous reads at once and exit without waiting for them
    ExitInFlight {
        /// File or block device, at least as large as all reads together; it is not changed
        target: PathBuf,
        /// Number of requests
        #[arg(long, default_value_t = 32)]
        number: usize,
    },
}

impl Workload {
    /// Carries out the plan, and prints each answer.
    ///
    /// # Errors
    /// When the target cannot be opened or filled.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        run(self)
    }
}

fn run(options: &Workload) -> anyhow::Result<()> {
    if let Some(comm) = &options.comm {
        set_comm(comm)?;
    }
    let path = match &options.plan {
        Plan::Scenario {
            name: Some(_),
            target: Some(target),
        }
        | Plan::Matrix { target, .. }
        | Plan::ExitInFlight { target, .. } => target,
        Plan::Scenario { .. } => {
            scenario::list();
            return Ok(());
        }
    };
    if let Plan::ExitInFlight { number, .. } = options.plan {
        return burst::submit_and_exit(&Target::reopen(path)?, number);
    }
    let target = Target::prepare(path)?;
    let mut requests = match &options.plan {
        Plan::Scenario {
            name: Some(name), ..
        } => name.requests(),
        Plan::Matrix {
            every_call,
            random,
            seed,
            ..
        } => {
            let mut requests = matrix::requests(target.region(), *every_call);
            requests.extend(random::requests(target.region(), *random, *seed));
            requests.extend(scenario::Name::Showcase.requests());
            requests
        }
        Plan::Scenario { .. } | Plan::ExitInFlight { .. } => Vec::new(),
    };
    requests.retain(|request| {
        (options.calls.is_empty() || options.calls.contains(&request.call))
            && !(options.read_only && request.is_write())
    });
    issue_all(options, target, &requests)
}

fn issue_all(options: &Workload, mut target: Target, requests: &[Request]) -> anyhow::Result<()> {
    let mut issuers = Issuers::new(options.huge)?;
    let mut out = std::io::stdout().lock();
    let mut id = 0;
    for _ in 0..options.repeat {
        for request in requests {
            let Some(answer) = issuers.issue(id, &mut target, request)? else {
                continue;
            };
            serde_json::to_writer(&mut out, &answer)?;
            out.write_all(b"\n")?;
            id += 1;
            if options.pause != 0 {
                out.flush()?;
                std::thread::sleep(Duration::from_millis(options.pause));
            }
        }
    }
    out.flush()?;
    for missing in issuers.missing() {
        eprintln!("not on this kernel: {missing}");
    }
    Ok(())
}

fn set_comm(comm: &str) -> anyhow::Result<()> {
    let name = std::ffi::CString::new(comm).context("a process name must not contain NUL")?;
    // SAFETY: the string lives through the call; the kernel copies what it needs.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
    Ok(())
}
