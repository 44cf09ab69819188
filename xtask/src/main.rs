//! `cargo xtask COMMAND`: builds, tests, measures and demonstrates dio-trace.

mod bench;
mod bpf;
mod build;
mod ci;
mod command;
mod demo;
mod paths;
mod phase;
mod run;
mod setup;
mod suite;
mod terminal;
mod test;
mod vm;
mod workload;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, tests, measures and demonstrates dio-trace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Setup(setup::Setup),
    Build(build::Build),
    Demo(demo::Demo),
    Run(run::Run),
    Test(test::Test),
    Bench(bench::Bench),
    Lint(ci::Lint),
    Ci(ci::Ci),
    Vm(vm::Vm),
    Workload(workload::Workload),
    Suite(suite::Suite),
    #[command(hide = true)]
    BenchGuest(bench::BenchGuest),
    #[command(hide = true)]
    ScaleGuest(bench::ScaleGuest),
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(task: Task) -> Result<ExitCode> {
    match task {
        Task::Setup(setup) => setup.run().map(|()| ExitCode::SUCCESS),
        Task::Build(build) => build.run().map(|()| ExitCode::SUCCESS),
        Task::Demo(demo) => demo.run(),
        Task::Run(run) => run.run().map(|()| ExitCode::SUCCESS),
        Task::Test(test) => test.run(),
        Task::Bench(bench) => bench.run(),
        Task::Lint(lint) => lint.run().map(|()| ExitCode::SUCCESS),
        Task::Ci(ci) => ci.run(),
        Task::Vm(vm) => vm.run(),
        Task::Workload(workload) => workload.run().map(|()| ExitCode::SUCCESS),
        Task::Suite(suite) => suite.run(),
        Task::BenchGuest(bench) => bench.run().map(|()| ExitCode::SUCCESS),
        Task::ScaleGuest(scale) => scale.run().map(|()| ExitCode::SUCCESS),
    }
}
