//! `cargo xtask lint` and `cargo xtask ci`: the checks that every change has to pass.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::{build, command, paths, phase, test::Test};

/// Check formatting and lints; a warning is an error
#[derive(Args)]
pub(crate) struct Lint {}

/// Run everything that a change has to pass: lint, then test
#[derive(Args)]
pub(crate) struct Ci {
    #[command(flatten)]
    test: Test,
}

impl Lint {
    /// # Errors
    /// When formatting or lints complain.
    pub(crate) fn run(self) -> Result<()> {
        for arguments in [
            &["fmt", "--all", "--check"][..],
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--quiet",
                "--",
                "--deny",
                "warnings",
            ],
        ] {
            let mut cargo = build::cargo();
            cargo.args(arguments).current_dir(paths::workspace()?);
            phase::timed(&format!("cargo {}", arguments[0]), || {
                command::run(&mut cargo)
            })?;
        }
        Ok(())
    }
}

impl Ci {
    /// # Errors
    /// As for [`Lint::run`] and [`Test::run`].
    pub(crate) fn run(self) -> Result<ExitCode> {
        Lint {}.run()?;
        self.test.run()
    }
}
