//! `dio-trace manual`: manual pages and shell completions, for packagers.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command, Subcommand};
use clap_complete::{Shell, generate};

use crate::cli::{Exit, Failure, output};

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

/// Writes what is asked for about `cli`, the whole command line.
pub(super) fn run(arguments: &Arguments, mut cli: Command) -> Result<Exit, Failure> {
    match &arguments.what {
        What::Man { directory } => {
            clap_mangen::generate_to(cli, directory)
                .with_context(|| format!("cannot write to {}", directory.display()))?;
        }
        What::Completions { shell } => {
            let mut script = Vec::new();
            generate(*shell, &mut cli, "dio-trace", &mut script);
            let mut output = output::open(None)?;
            output.write_all(&script)?;
            output.flush()?;
        }
    }
    Ok(Exit::Good)
}
