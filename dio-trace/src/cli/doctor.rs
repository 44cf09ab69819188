//! `dio-trace doctor`.

use clap::{Args, ValueEnum};

use crate::{
    cli::{Exit, Failure, output},
    doctor::{Examination, text},
};

/// Say whether this machine can be traced, what each probe gives here, and what is missing
///
/// Attaches every probe for a moment. Exit code 4 where tracing is not possible.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    Text,
    /// One object
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let examination = Examination::make();
    let mut output = output::open(None)?;
    match arguments.format {
        Format::Text => output.write_all(text(&examination).as_bytes())?,
        Format::Json => {
            let json = serde_json::to_string_pretty(&examination).map_err(anyhow::Error::from)?;
            writeln!(output, "{json}")?;
        }
    }
    output.flush()?;
    if examination.can_trace {
        Ok(Exit::Good)
    } else {
        Ok(Exit::CannotTrace)
    }
}
