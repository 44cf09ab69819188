//! Builds, tests and shows dio-trace: `cargo xtask COMMAND`.

mod build;
mod command;
mod paths;
mod phase;
mod setup;
mod suite;
mod vm;
mod workload;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, tests and shows dio-trace.
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
    Vm(vm::Vm),
    Workload(workload::Workload),
    Suite(suite::Suite),
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
        Task::Setup(setup) => setup.run().map(|_| ExitCode::SUCCESS),
        Task::Build(build) => build.run().map(|_| ExitCode::SUCCESS),
        Task::Vm(vm) => vm.run(),
        Task::Workload(workload) => workload.run().map(|()| ExitCode::SUCCESS),
        Task::Suite(suite) => suite.run(),
    }
}
