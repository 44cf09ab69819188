//! `dio-trace doctor`: whether this machine can be traced, and how well.

use clap::Args;

use crate::{
    cli::{Exit, Failure, format::Format},
    doctor::{Examination, text},
};

/// Check whether this machine can be traced, what each probe shows here, and what is missing
///
/// Attaches every probe for a moment. Exit code 4 if tracing is not possible.
///
/// In JSON, `failures` of an attachment lists the ways of attaching that did not work, each with an `error` for programs,
/// such as `refused` (by the verifier) or `no_btf`, and `types` has what dio-trace found in the kernel's type information.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Output format
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
