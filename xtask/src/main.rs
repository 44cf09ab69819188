//! Builds, tests and shows dio-trace.

mod suite;
mod workload;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Workload(workload::Workload),
    Suite(suite::Suite),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Workload(workload) => workload.run().map(|()| ExitCode::SUCCESS),
        Command::Suite(suite) => suite.run(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
