//! `cargo xtask bench`: what tracing costs, in guest instructions.

mod baseline;
mod bpf;
mod cases;
mod crowd;
mod dashboard;
mod floor;
mod guest;
mod measure;
mod memory;
mod observer;
mod overload;
mod places;
mod programs;
mod results;
mod scale;
mod script;
mod table;

use std::{
    fs,
    io::stderr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;

pub(crate) use self::{guest::BenchGuest, scale::ScaleGuest};
use self::{guest::RESULT, results::Results};
use crate::{
    build::{self, Profile},
    paths, phase,
    setup::{self, Kernel, Series},
    vm::Guest,
};

/// Processors of the guest in which all processes read at once.
const MANY_PROCESSORS: u32 = 64;
/// Time limit of one guest. A run takes a few minutes on an idle machine.
const LIMIT: Duration = Duration::from_secs(40 * 60);

/// Measure what tracing costs, and compare with the saved baseline
///
/// Boots a guest in which one instruction takes one nanosecond
/// (`-smp 1 -icount shift=0,sleep=off,align=off`), so the numbers repeat whatever else this machine
/// does. In it the same requests go to raw devices and filesystems on `null_blk`: with nothing
/// attached, with programs that do nothing in the places where dio-trace has its own, with
/// dio-trace, and with bpftrace. Prints the table and writes it as JSON. Exit status 1: something
/// is more than 5 % worse than the baseline.
#[derive(Args)]
pub(crate) struct Bench {
    /// Kernel of the guest
    #[arg(long, default_value = "6.12", value_name = "SERIES")]
    kernel: Series,
    /// JSON file for the results; by default target/bench-SERIES.json or target/scale-SERIES.json
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Results to compare with; by default xtask/bench-baseline.json or xtask/scale-baseline.json,
    /// if that is of the same kernel series
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Make these results the baseline
    #[arg(long, conflicts_with = "only")]
    save: bool,
    /// Only cases whose name contains this (such as `xfs read`), and none of the other figures;
    /// repeatable
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Instead: compare 1,000 processes with 100,000 files to one process with one file; then let
    /// all read at once on 64 processors
    #[arg(long, conflicts_with = "only")]
    scale: bool,
}

impl Bench {
    /// # Errors
    /// When something cannot be installed, built or measured. Values that got worse are an exit
    /// code.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let kernel = setup::guests(&[self.kernel], false)?
            .pop()
            .context("no such kernel")?;
        if !self.scale
            && let Err(error) = setup::bpftrace()
        {
            phase::say(format!("without bpftrace: {error:#}"));
        }
        let binary = build::build(Profile::Release)?;
        let results = phase::timed("measuring", || {
            if self.scale {
                scaled(&kernel, &binary)
            } else {
                costs(kernel, &binary, &self.only)
            }
        })?;
        print!("{}", table::text(&results));
        let output = match &self.output {
            Some(path) => path.clone(),
            None => paths::target()?.join(format!("{}-{}.json", self.kind(), self.kernel)),
        };
        write(&output, &results)?;
        println!("\nwritten to {}", output.display());
        let code = self.compare(&results)?;
        if self.save {
            let path = self.baseline_path()?;
            write(&path, &results)?;
            println!("saved as {}", path.display());
            return Ok(ExitCode::SUCCESS);
        }
        Ok(code)
    }

    fn baseline_path(&self) -> Result<PathBuf> {
        match &self.baseline {
            Some(path) => Ok(path.clone()),
            None => {
                let name = format!("xtask/{}-baseline.json", self.kind());
                Ok(paths::workspace()?.join(name))
            }
        }
    }

    /// The first word in the names of its files.
    const fn kind(&self) -> &'static str {
        if self.scale { "scale" } else { "bench" }
    }

    fn compare(&self, results: &Results) -> Result<ExitCode> {
        let path = self.baseline_path()?;
        let Some(before) = baseline::read(&path)? else {
            if self.baseline.is_some() && !self.save {
                bail!("{} is not there", path.display());
            }
            println!("no baseline to compare with");
            return Ok(ExitCode::SUCCESS);
        };
        // Another kernel has other costs.
        let series = format!("{}.", self.kernel);
        if self.baseline.is_none() && !before.kernel.starts_with(&series) {
            println!("the baseline is of kernel {}: not compared", before.kernel);
            return Ok(ExitCode::SUCCESS);
        }
        let worse = baseline::compare(&before, results);
        if worse.is_empty() {
            println!("nothing is worse than in {}", path.display());
            return Ok(ExitCode::SUCCESS);
        }
        println!("worse than in {}:", path.display());
        for one in worse {
            println!("  {one}");
        }
        Ok(ExitCode::FAILURE)
    }
}

/// Measures what each case costs.
fn costs(kernel: Kernel, binary: &Path, only: &[String]) -> Result<Results> {
    let mut arguments = vec![binary.display().to_string()];
    for only in only {
        arguments.extend(["--only".to_owned(), only.clone()]);
    }
    measure(Guest {
        cpus: 1,
        command: own("bench-guest", arguments)?,
        ..Guest::new(kernel)
    })
}

/// Measures what many processes and files cost, on one processor and then on many.
fn scaled(kernel: &Kernel, binary: &Path) -> Result<Results> {
    let guest = |cpus| {
        Ok::<_, anyhow::Error>(Guest {
            cpus,
            memory: "8G".to_owned(),
            command: own("scale-guest", vec![binary.display().to_string()])?,
            ..Guest::new(kernel.clone())
        })
    };
    let mut results = measure(guest(1)?)?;
    let many = measure(guest(MANY_PROCESSORS)?)?;
    results.figures.extend(many.figures);
    Ok(results)
}

/// The command line of this program with another task.
fn own(task: &str, arguments: Vec<String>) -> Result<Vec<String>> {
    let mut command = vec![
        std::env::current_exe()?.display().to_string(),
        task.to_owned(),
    ];
    command.extend(arguments);
    Ok(command)
}

/// Runs a guest in which one instruction takes one nanosecond, and returns its results.
fn measure(guest: Guest) -> Result<Results> {
    let guest = Guest {
        disks: Vec::new(),
        icount: true,
        timeout: LIMIT,
        ..guest
    };
    let mut output = Vec::new();
    let outcome = guest.run(&mut output, stderr())?;
    for complaint in &outcome.complaints {
        phase::say(format!("the guest's kernel said: {complaint}"));
    }
    let text = String::from_utf8_lossy(&output);
    let result = text.lines().find_map(|line| line.strip_prefix(RESULT));
    let Some(result) = result else {
        bail!("the guest ended with status {}", outcome.status);
    };
    serde_json::from_str(result).context("the guest's results cannot be read")
}

fn write(path: &Path, results: &Results) -> Result<()> {
    let mut text = serde_json::to_string_pretty(results)?;
    text.push('\n');
    fs::write(path, text).with_context(|| path.display().to_string())
}
