//! Runs small scripts and programs to their end.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Runs a script with `sh -e` and these variables, and returns its standard output.
///
/// # Errors
/// When the script fails; the message has the end of its output.
pub(crate) fn script(text: &str, variables: &[(&str, &str)]) -> anyhow::Result<String> {
    let output = Command::new("sh")
        .args(["-ec", text])
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .context("cannot run sh")?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let last = words
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("no words");
        bail!("{last}");
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program is installed.
pub(crate) fn is_there(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path)
            .chain(["/usr/sbin".into(), "/sbin".into()])
            .any(|directory| directory.join(program).exists())
    })
}
