//! Output formats of the commands that print one value.

use clap::ValueEnum;
use serde::Serialize;

use crate::cli::{Failure, output};

/// An output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For reading
    #[default]
    Text,
    /// For programs
    Json,
}

impl Format {
    /// Prints a value to standard output.
    pub(super) fn print<T: Serialize + ?Sized>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        let mut output = output::open(None)?;
        match self {
            Self::Text => output.write_all(text(value).as_bytes())?,
            Self::Json => {
                let json = serde_json::to_string_pretty(value).map_err(anyhow::Error::from)?;
                writeln!(output, "{json}")?;
            }
        }
        output.flush()?;
        Ok(())
    }
}
