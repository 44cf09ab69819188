//! The command line: one file for each verb, which only connects the rooms that do the work.

mod arguments;
mod command;
mod compare;
mod diagnostics;
mod doctor;
mod exit;
mod filters;
mod format;
mod inspect;
mod live;
mod look;
mod manual;
mod output;
mod processes;
mod progress;
mod ready;
mod record;
mod recordings;
mod replay;
mod report;
mod session;
mod verify;
mod word;

use std::{ffi::OsString, io::IsTerminal, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};

pub use arguments::{parse_duration, parse_size};
pub use exit::{Exit, Failure};
pub use filters::FilterArguments;

/// Shows which direct I/O (`O_DIRECT`) requests are misaligned, which process and file they belong to,
/// what the kernel did with them, and what to change in the program.
///
/// Without a command it shows the live dashboard, as `dio-trace live` does.
#[derive(Debug, Parser)]
#[command(
    name = "dio-trace",
    version,
    after_help = "Exit codes: 0 good, 1 a finding (verify, compare), 2 wrong usage or bad input, \
                  3 inconclusive, 4 this machine cannot trace (`dio-trace doctor` gives the reason)."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Live(live::Arguments),
    Record(record::Arguments),
    Replay(replay::Arguments),
    Report(report::Arguments),
    Compare(compare::Arguments),
    Verify(verify::Arguments),
    Inspect(inspect::Arguments),
    Doctor(doctor::Arguments),
    #[command(hide = true)]
    Manual(manual::Arguments),
}

/// Runs one command line, and reports on standard error what went wrong.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // `--help` and `--version` arrive here as well and are not errors; nor is a closed pipe.
            drop(error.print());
            return exit::of_clap(&error);
        }
    };
    exit::report(dispatch(cli))
}

fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        None if std::io::stdout().is_terminal() => live::run(&live::Arguments::default()),
        None => Err(Failure::input(
            "standard output is not a terminal: name a command, such as `dio-trace record -o FILE` \
             (--help lists them)",
        )),
        Some(Command::Live(arguments)) => live::run(&arguments),
        Some(Command::Record(arguments)) => record::run(arguments),
        Some(Command::Replay(arguments)) => replay::run(&arguments),
        Some(Command::Report(arguments)) => report::run(&arguments),
        Some(Command::Compare(arguments)) => compare::run(&arguments),
        Some(Command::Verify(arguments)) => verify::run(arguments),
        Some(Command::Inspect(arguments)) => inspect::run(&arguments),
        Some(Command::Doctor(arguments)) => doctor::run(&arguments),
        Some(Command::Manual(arguments)) => manual::run(&arguments, Cli::command()),
    }
}
