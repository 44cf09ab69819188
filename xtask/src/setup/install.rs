//! Installs Debian packages if we may, otherwise prints what to type.

use std::{process::Command, sync::Once};

use anyhow::{Result, bail};

use crate::{command, phase};

static LISTS_READ: Once = Once::new();

/// Installs packages.
///
/// # Errors
/// Without root or apt: the message contains the exact command. Otherwise apt's own message.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let typed = format!(
        "apt-get install --no-install-recommends {}",
        packages.join(" ")
    );
    if command::find("apt-get").is_none() {
        bail!(
            "tools are missing, and this is not Debian: install the contents of these Debian packages: {}",
            packages.join(" ")
        );
    }
    if command::output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("tools are missing, and only root may install them; type: sudo {typed}");
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
    // Another caller may hold the lock for a while, such as another setup or unattended upgrades.
    command.args(["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]);
    command
}
