//! Outcomes and exit codes.

use std::{io, process::ExitCode};

use crate::model::printable;

/// The outcome of a command that could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: as hoped.
    Good,
    /// 1: `verify` or `compare` found something.
    Finding,
    /// 3: nothing was traced, or events were lost so that "clean" cannot be said.
    Inconclusive,
    /// 4: this machine cannot trace; `doctor` has printed the reason.
    CannotTrace,
    /// The status of the traced command.
    Command(u8),
}

/// The reason why a command could not be carried out.
#[derive(Debug)]
pub enum Failure {
    /// 2: wrong usage or bad input.
    Input(anyhow::Error),
    /// 4: this machine cannot trace.
    CannotTrace(anyhow::Error),
}

impl Failure {
    /// Wrong usage or bad input, with a message.
    pub fn input(message: impl Into<String>) -> Self {
        Self::Input(anyhow::Error::msg(message.into()))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Input(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Input(error.into())
    }
}

/// Exit code of a command line that clap does not accept, or that asks for help.
pub(super) fn of_clap(error: &clap::Error) -> ExitCode {
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// Prints a failure and gives the exit code.
pub(super) fn report(outcome: Result<Exit, Failure>) -> ExitCode {
    let (code, error) = match outcome {
        Ok(Exit::Good) => return ExitCode::SUCCESS,
        Ok(Exit::Finding) => return ExitCode::from(1),
        Ok(Exit::Inconclusive) => return ExitCode::from(3),
        Ok(Exit::CannotTrace) => return ExitCode::from(4),
        Ok(Exit::Command(status)) => return ExitCode::from(status),
        Err(Failure::Input(error)) => (2, error),
        Err(Failure::CannotTrace(error)) => (4, error),
    };
    // A reader that closed the pipe wants no more: not a failure.
    if is_closed_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    let message = format!("{error:#}");
    for (number, line) in message.lines().enumerate() {
        let start = if number == 0 { "dio-trace: " } else { "  " };
        super::diagnostics::say(&format!("{start}{}", printable(line)));
    }
    ExitCode::from(code)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
