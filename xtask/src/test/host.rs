//! Runs `cargo test` on this machine.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
};

use anyhow::{Context, Result};

use super::report::Report;
use crate::{build, paths, setup};

/// Runs all tests that need no guest, and counts them.
///
/// # Errors
/// When cargo cannot be started.
pub(super) fn run(object: &Path, report: &mut Report) -> Result<()> {
    let mut cargo = build::cargo();
    cargo
        .args(["test", "--workspace", "--no-fail-fast"])
        .env(setup::OBJECT_VARIABLE, object);
    cargo
        .current_dir(paths::workspace()?)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = cargo.spawn().context("cannot start cargo test")?;
    let output = child.stdout.take().context("cargo test has no output")?;
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if let Some(counts) = counts(&line) {
            passed += counts[0];
            failed += counts[1];
            ignored += counts[2];
        }
    }
    let status = child.wait()?;
    // A failure to compile fails no test, but is a failure.
    if !status.success() && failed == 0 {
        failed = 1;
    }
    report.host(passed, failed, ignored);
    Ok(())
}

/// The numbers of passed, failed and ignored tests in
/// `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
fn counts(line: &str) -> Option<[usize; 3]> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |word: &str| {
        counts
            .split("; ")
            .find_map(|part| part.trim().strip_suffix(word)?.trim().parse::<usize>().ok())
    };
    Some([count("passed")?, count("failed")?, count("ignored")?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_cargo_tells() {
        let line = "test result: FAILED. 31 passed; 2 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.2s";
        assert_eq!(counts(line), Some([31, 2, 1]));
        assert_eq!(counts("test rules::tests::aligned ... ok"), None);
    }
}
