//! The Debian mirror of this machine, taken from the configuration of its apt.

use std::{env, path::Path, process::Command};

use anyhow::{Result, bail};

use crate::command;

/// Environment variable that names a mirror, for machines whose apt has no Debian mirror (Ubuntu,
/// Fedora, ...).
const VARIABLE: &str = "DIO_TRACE_DEBIAN_MIRROR";
/// Debian's own keys, from the package `debian-archive-keyring`.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];
/// Suites that contain the wanted kernels, oldest first.
const SUITES: [&str; 5] = [
    "bullseye",
    "bookworm",
    "trixie",
    "trixie-backports",
    "forky",
];
const SECURITY_SUITES: [&str; 3] = ["bullseye-security", "bookworm-security", "trixie-security"];

/// Lines for a `sources.list` with every suite that may hold a kernel.
///
/// # Errors
/// When apt or its keys are missing, or apt is not configured for Debian.
pub(crate) fn sources() -> Result<String> {
    let Some(keyring) = KEYRINGS.iter().find(|path| Path::new(path).exists()) else {
        bail!(
            "Debian's keys are missing, kernels cannot be verified: apt-get install debian-archive-keyring"
        );
    };
    let format = "$(REPO_URI) $(RELEASE)";
    let targets = command::output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        format,
        "Created-By: Packages",
    ]))?;
    let configured: Vec<(&str, &str)> = targets
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let named = env::var(VARIABLE).ok();
    let Some(main) = named
        .as_deref()
        .or_else(|| repository(&configured, is_debian))
    else {
        bail!(
            "apt on this machine knows no Debian mirror to take guest kernels from: set {VARIABLE} to a mirror's URL"
        );
    };
    let security = repository(&configured, |release| {
        release
            .strip_suffix("-security")
            .is_some_and(|base| is_debian(base.trim_end_matches("/updates")))
    });
    let line = |uri: &str, suite: &str| {
        format!("deb [arch=amd64 signed-by={keyring}] {uri} {suite} main\n")
    };
    let mut lines: String = SUITES.iter().map(|suite| line(main, suite)).collect();
    if let Some(uri) = security {
        lines.extend(SECURITY_SUITES.iter().map(|suite| line(uri, suite)));
    }
    Ok(lines)
}

fn repository<'a>(
    configured: &[(&'a str, &str)],
    matches: impl Fn(&str) -> bool,
) -> Option<&'a str> {
    configured
        .iter()
        .find(|(_, release)| matches(release))
        .map(|(uri, _)| *uri)
}

/// Debian's code names and suite names since 11.
fn is_debian(release: &str) -> bool {
    let name = release.trim_end_matches('/');
    [
        "bullseye",
        "bookworm",
        "trixie",
        "forky",
        "duke",
        "sid",
        "oldoldstable",
        "oldstable",
        "stable",
        "testing",
        "unstable",
    ]
    .contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_debian_and_nothing_else() {
        assert!(is_debian("bookworm"));
        assert!(is_debian("stable"));
        assert!(!is_debian("noble"));
        assert!(!is_debian("cloud-sdk-bookworm"));
    }
}
