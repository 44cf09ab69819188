//! `dio-trace manual`: what packagers install beside the binary.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory, Subcommand};
use clap_complete::{Shell, generate};

use crate::cli::{Cli, Exit, Failure, output};

/// Write manual pages or shell completions
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Manual pages, one for each command
    Man {
        /// Directory to write them to
        directory: PathBuf,
    },
    /// Completions for a shell, on standard output
    Completions {
        /// Which shell
        shell: Shell,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.what {
        What::Man { directory } => {
            clap_mangen::generate_to(Cli::command(), directory)
                .with_context(|| format!("cannot write to {}", directory.display()))?;
        }
        What::Completions { shell } => {
            let mut script = Vec::new();
            generate(*shell, &mut Cli::command(), "dio-trace", &mut script);
            let mut output = output::open(None)?;
            output.write_all(&script)?;
            output.flush()?;
        }
    }
    Ok(Exit::Good)
}
