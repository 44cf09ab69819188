//! `dio-trace doctor`.

use clap::Args;

use crate::{
    cli::{Exit, Failure, format::Format},
    doctor::{Examination, text},
};

/// Say whether this machine can be traced, what each probe gives here, and what is missing
///
/// Attaches every probe for a moment. Exit code 4 where tracing is not possible.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Form of the output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let examination = Examination::make();
    arguments.format.print(&examination, text)?;
    if examination.can_trace {
        Ok(Exit::Good)
    } else {
        Ok(Exit::CannotTrace)
    }
}
