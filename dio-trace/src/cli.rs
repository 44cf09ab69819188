//! The command line: one file for each verb, which only wires others together.

mod arguments;
mod command;
mod compare;
mod diagnostics;
mod doctor;
mod exit;
mod filters;
mod output;
mod record;
mod report;
mod session;
mod verify;

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand};

pub use arguments::{parse_duration, parse_size};
pub use exit::{Exit, Failure};
pub use filters::FilterArguments;

/// Shows what direct I/O (`O_DIRECT`) alignment really does to a program: which requests are
/// misaligned, whose they are, what became of them, and what to change.
#[derive(Debug, Parser)]
#[command(
    name = "dio-trace",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Exit codes: 0 good, 1 a finding (verify, compare), 2 wrong usage or bad input, \
                  3 inconclusive, 4 this machine cannot trace (`dio-trace doctor` says why)."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Record(record::Arguments),
    Report(report::Arguments),
    Compare(compare::Arguments),
    Verify(verify::Arguments),
    Doctor(doctor::Arguments),
}

/// Runs one command line, and says on standard error what went wrong.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Also `--help` and `--version`, which are no errors; a closed pipe is none either.
            drop(error.print());
            return exit::of_clap(&error);
        }
    };
    exit::report(dispatch(cli))
}

fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        None => Err(Failure::input("name a command")),
        Some(Command::Record(arguments)) => record::run(arguments),
        Some(Command::Report(arguments)) => report::run(arguments),
        Some(Command::Compare(arguments)) => compare::run(&arguments),
        Some(Command::Verify(arguments)) => verify::run(arguments),
        Some(Command::Doctor(arguments)) => doctor::run(&arguments),
    }
}
