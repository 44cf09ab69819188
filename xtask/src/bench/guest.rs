//! `xtask bench-guest`: the part of the benchmark that runs inside a guest.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::{
    cases::{self, Case},
    dashboard,
    floor::Hooks,
    measure, memory,
    observer::Observer,
    overload, places, programs,
    results::{Results, Row, Unit},
    script,
};
use crate::{phase, suite};

/// Start of the last line of output; JSON follows.
pub(super) const RESULT: &str = "BENCH-RESULT ";
/// A directory in memory, so that reading from it does not wait for a disk.
pub(super) const DIRECTORY: &str = "/run/bench";

/// Measure what dio-trace costs on the running kernel; inside a guest, as root
#[derive(Args)]
pub(crate) struct BenchGuest {
    /// The dio-trace to measure
    dio_trace: PathBuf,
    /// Only cases whose name contains this, and none of the other figures
    #[arg(long)]
    only: Vec<String>,
}

impl BenchGuest {
    /// Prints the results as JSON.
    ///
    /// # Errors
    /// When anything cannot be measured.
    pub(crate) fn run(&self) -> Result<()> {
        let program = prepare(&self.dio_trace)?;
        phase::timed("filesystems", places::make)?;
        let mut results = results()?;
        if self.only.is_empty() {
            results.bpftrace = phase::timed("bpftrace's version", script::version);
        }
        let cases = cases::wanted(&self.only);
        let hooks = phase::timed("dio-trace's hooks", || Hooks::of(&program))?;
        phase::timed("untraced", || untraced(&cases, &mut results))?;
        optional("programs that do nothing", || {
            floor(&cases, &hooks, &mut results)
        });
        phase::timed("dio-trace", || {
            dio_trace(&program, &cases, &hooks, &mut results)
        })?;
        phase::timed("dio-trace, programs not folded", || {
            not_folded(&program, &cases, &mut results)
        })?;
        if self.only.is_empty() {
            phase::timed("overload", || overload(&program, &mut results))?;
            phase::timed("dashboard", || dashboard(&program, &mut results))?;
        }
        if results.bpftrace.is_some() {
            optional("bpftrace", || bpftrace(&cases, &mut results));
        }
        print(&results)
    }
}

/// Copies dio-trace into memory, so that no file of it is read over 9p.
///
/// # Errors
/// When this is not a guest.
pub(super) fn prepare(dio_trace: &Path) -> Result<PathBuf> {
    if !suite::is_guest() {
        bail!("this is not a guest: run cargo xtask bench");
    }
    fs::create_dir_all(DIRECTORY)?;
    let program = Path::new(DIRECTORY).join("dio-trace");
    fs::copy(dio_trace, &program).with_context(|| dio_trace.display().to_string())?;
    Ok(program)
}

/// Empty results for this kernel.
///
/// # Errors
/// When the kernel's release cannot be read.
pub(super) fn results() -> Result<Results> {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    Ok(Results {
        kernel: kernel.trim().to_owned(),
        ..Results::default()
    })
}

/// Hands the results to the host.
///
/// # Errors
/// When they cannot be written as JSON.
pub(super) fn print(results: &Results) -> Result<()> {
    println!("{RESULT}{}", serde_json::to_string(results)?);
    Ok(())
}

/// Runs a measurement that not every kernel allows; a failure is reported and does not end the run.
fn optional(name: &str, measure: impl FnOnce() -> Result<()>) {
    if let Err(error) = phase::timed(name, measure) {
        phase::say(format!("without {name}: {error:#}"));
    }
}

fn untraced(cases: &[&Case], results: &mut Results) -> Result<()> {
    let nobody = Observer::nobody();
    for case in cases {
        let measured = measure::measure(case, &nobody)?;
        results.cases.push(Row {
            name: case.name(),
            result: measured.result,
            untraced: measured.asking,
            floor: None,
            dio_trace: None,
            bpftrace: None,
            target: case.target,
        });
    }
    Ok(())
}

fn floor(cases: &[&Case], hooks: &Hooks, results: &mut Results) -> Result<()> {
    let floor = Observer::floor(hooks)?;
    results.figure(
        "programs that do nothing: start to attached",
        floor.start as f64 / 1e9,
        Unit::Seconds,
        None,
    );
    for (case, row) in cases.iter().zip(&mut results.cases) {
        row.floor = Some(measure::measure(case, &floor)?.over(row.untraced, false));
    }
    Ok(())
}

fn dio_trace(program: &Path, cases: &[&Case], hooks: &Hooks, results: &mut Results) -> Result<()> {
    let tracer = Observer::dio_trace(program, &Path::new(DIRECTORY).join("cases.dio"))?;
    let mut first_told = None;
    for (case, row) in cases.iter().zip(&mut results.cases) {
        if !case.folded {
            continue;
        }
        let measured = measure::measure(case, &tracer)?;
        let cost = measured.over(row.untraced, case.is_told());
        row.dio_trace = Some(cost);
        if let Some(userspace) = cost.userspace {
            first_told.get_or_insert((userspace, measured.sleeps));
        }
    }
    optional("dio-trace's programs", || {
        results.programs = programs::costs(cases, hooks)?;
        Ok(())
    });
    let pid = tracer.pid().context("dio-trace has no process")?;
    if let Some((userspace, sleeps)) = first_told {
        results.figure(
            "userspace, for each record",
            userspace,
            Unit::Instructions,
            None,
        );
        results.figure(
            "wake-ups of userspace, for each record",
            sleeps,
            Unit::Times,
            None,
        );
    }
    results.figure(
        "userspace, for each second in which nothing happens",
        tracer.idle * 1e9,
        Unit::Instructions,
        None,
    );
    results.figure(
        "resident memory, record",
        memory::resident(pid)?,
        Unit::Mebibytes,
        None,
    );
    results.figure(
        "kernel memory of maps and programs",
        memory::in_kernel(pid)?,
        Unit::Mebibytes,
        None,
    );
    tracer.stop().map(drop)
}

/// The saving by folding is the difference to the same case with programs that are folded.
fn not_folded(program: &Path, cases: &[&Case], results: &mut Results) -> Result<()> {
    let rows = cases.iter().zip(&mut results.cases);
    let mut rows = rows.filter(|(case, _)| !case.folded).peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    let tracer = Observer::not_folded(program, &Path::new(DIRECTORY).join("not-folded.dio"))?;
    for (case, row) in rows {
        let measured = measure::measure(case, &tracer)?;
        row.dio_trace = Some(measured.over(row.untraced, case.is_told()));
    }
    tracer.stop().map(drop)
}

fn overload(program: &Path, results: &mut Results) -> Result<()> {
    let tracer = Observer::dio_trace(program, &Path::new(DIRECTORY).join("overload.dio"))?;
    results.figure(
        "start to attached",
        tracer.start as f64 / 1e9,
        Unit::Seconds,
        Some(0.4),
    );
    results.figure(
        "start to attached, its CPU time",
        tracer.start_cpu as f64 / 1e9,
        Unit::Seconds,
        None,
    );
    let overload = overload::run(program, tracer)?;
    phase::say(format!(
        "overload: {} requests at {:.0} a second, counted {}",
        overload.issued, overload.rate, overload.counted
    ));
    results.figure(
        "misaligned requests not counted under overload",
        overload.missed(),
        Unit::Percent,
        Some(0.0),
    );
    Ok(())
}

fn dashboard(program: &Path, results: &mut Results) -> Result<()> {
    let dashboard = dashboard::run(program)?;
    results.figure(
        "start to first screen, dashboard",
        dashboard.start as f64 / 1e9,
        Unit::Seconds,
        None,
    );
    results.figure(
        "resident memory, dashboard",
        dashboard.resident,
        Unit::Mebibytes,
        Some(30.0),
    );
    Ok(())
}

fn bpftrace(cases: &[&Case], results: &mut Results) -> Result<()> {
    let observer = Observer::bpftrace(&Path::new(DIRECTORY).join("bpftrace.out"))?;
    let mut misaligned = 0;
    for (case, row) in cases.iter().zip(&mut results.cases) {
        if case.peer {
            let measured = measure::measure(case, &observer)?;
            row.bpftrace = Some(measured.over(row.untraced, case.is_told()));
            misaligned += if case.is_told() { measured.issued } else { 0 };
        }
    }
    let pid = observer.pid().context("bpftrace has no process")?;
    results.figure(
        "bpftrace: start to attached",
        observer.start as f64 / 1e9,
        Unit::Seconds,
        None,
    );
    results.figure(
        "bpftrace: resident memory",
        memory::resident(pid)?,
        Unit::Mebibytes,
        None,
    );
    let printed = script::printed(&observer.stop()?)?;
    results.figure(
        "bpftrace: misaligned requests not printed",
        misaligned.saturating_sub(printed) as f64 / misaligned as f64 * 100.0,
        Unit::Percent,
        None,
    );
    Ok(())
}
