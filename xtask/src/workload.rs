//! `xtask workload`: issues known direct requests to one target and prints, one JSON line each,
//! exactly what was asked and what the kernel answered. It is the other half of every test of the
//! tracer, and what the demonstrations run.

mod aio;
pub(crate) mod answer;
mod arena;
mod burst;
mod call;
pub(crate) mod clock;
mod issue;
mod matrix;
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
    /// Name of the process, as others will see it
    #[arg(long, global = true)]
    comm: Option<String>,
    /// Put buffers into huge pages: physically contiguous memory
    #[arg(long, global = true)]
    huge: bool,
    /// Only requests through these calls
    #[arg(long, global = true, value_delimiter = ',')]
    calls: Vec<Call>,
    /// Only reads
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
    /// What a program known for it does; without a name, lists them
    Scenario {
        /// Which
        name: Option<scenario::Name>,
        /// File (made anew) or block device whose first megabytes are overwritten
        target: Option<PathBuf>,
    },
    /// Every way of being misaligned: a systematic set, then a random one that a seed brings back
    Matrix {
        /// File (made anew) or block device whose first megabytes are overwritten
        target: PathBuf,
        /// Every shape through every call, where the default is one call of each interface
        #[arg(long)]
        every_call: bool,
        /// Random requests after the systematic ones
        #[arg(long, default_value_t = 0)]
        random: u64,
        /// Brings the same random requests back
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Submit many asynchronous reads at once and exit without waiting for them
    ExitInFlight {
        /// File or block device, at least as large as the reads in all; left as it is
        target: PathBuf,
        /// Requests
        #[arg(long, default_value_t = 32)]
        number: usize,
    },
}

impl Workload {
    /// Carries out the plan, printing each answer.
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
    let name = std::ffi::CString::new(comm).context("a process name holds no NUL")?;
    // SAFETY: the string lives through the call; the kernel copies what it needs.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
    Ok(())
}
