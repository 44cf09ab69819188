//! Installs Debian packages where we may, else says what to type.

use std::{process::Command, sync::Once};

use anyhow::{Result, bail};

use crate::{command, phase};

static LISTS_READ: Once = Once::new();

/// Installs packages.
///
/// # Errors
/// Without root or apt: the message is the exact command. Otherwise what apt complained about.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let typed = format!(
        "apt-get install --no-install-recommends {}",
        packages.join(" ")
    );
    if command::find("apt-get").is_none() {
        bail!(
            "missing tools, and this is no Debian: install what these Debian packages hold: {}",
            packages.join(" ")
        );
    }
    if command::output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("missing tools, and only root may install them; type: sudo {typed}");
    }
    phase::say(format!("installing {}", packages.join(" ")));
    let mut update = Ok(String::new());
    LISTS_READ.call_once(|| update = command::output(apt().arg("update")));
    if let Err(error) = update {
        phase::say(format!("apt's lists are not all fresh: {error:#}"));
    }
    command::output(
        apt()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(packages),
    )
    .map(drop)
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    // Another caller may hold the lock for a while: another setup, unattended upgrades.
    command.args(["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]);
    command
}
