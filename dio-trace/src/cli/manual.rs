//! `dio-trace manual`: manual pages and shell completions, for packagers.

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
    /// Write manual pages, one for each command
    Man {
        /// Directory for the pages
        directory: PathBuf,
    },
    /// Print completions for a shell
    Completions {
        /// Shell
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
