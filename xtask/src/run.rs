//! `cargo xtask run -- ARGS`: builds dio-trace and runs it on this machine.

use std::{os::unix::process::CommandExt as _, process::Command};

use anyhow::{Context, Result};
use clap::Args;

use crate::{
    build::{self, Profile},
    command,
};

/// Build dio-trace and run it on this machine, through sudo unless you are root
#[derive(Args)]
pub(crate) struct Run {
    /// `dev` compiles faster
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    profile: Profile,
    /// Arguments for dio-trace
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

impl Run {
    /// Replaces this process by dio-trace; returns only on failure.
    ///
    /// # Errors
    /// When it does not build, or neither we nor sudo have the rights it needs.
    pub(crate) fn run(self) -> Result<()> {
        let binary = build::build(self.profile)?;
        let root = command::output(Command::new("id").arg("-u"))?.trim() == "0";
        let mut command = if root {
            Command::new(binary)
        } else {
            let sudo = command::find("sudo")
                .context("tracing needs root (or CAP_BPF and CAP_PERFMON), and there is no sudo")?;
            let mut command = Command::new(sudo);
            command.arg("--").arg(binary);
            command
        };
        command.args(self.arguments);
        Err(command.exec()).with_context(|| command::shown(&command))
    }
}
