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
    let (mut passed, mut failed, mut skipped) = (0_usize, 0, 0);
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if let Some(counts) = counts(&line) {
            passed += counts[0];
            failed += counts[1];
            skipped += counts[2];
        }
        // For cargo it has passed.
        if is_skipped(&line) {
            passed = passed.saturating_sub(1);
            skipped += 1;
        }
    }
    let status = child.wait()?;
    // A failure to compile fails no test, but is a failure.
    if !status.success() && failed == 0 {
        failed = 1;
    }
    report.host(passed, failed, skipped);
    Ok(())
}

/// Whether a line says that a test had nothing to test on this machine: `SKIP name: reason`, after
/// `test name ... ` if tests run one by one.
fn is_skipped(line: &str) -> bool {
    line.split(" ... ").any(|part| part.starts_with("SKIP "))
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
    fn skips_are_seen_however_many_tests_run_at_a_time() {
        assert!(is_skipped("SKIP other_readers_see_the_same: why"));
        assert!(is_skipped("test a ... SKIP a: why"));
        assert!(!is_skipped("test SKIP ... ok"));
    }

    #[test]
    fn counts_what_cargo_reports() {
        let line = "test result: FAILED. 31 passed; 2 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.2s";
        assert_eq!(counts(line), Some([31, 2, 1]));
        assert_eq!(counts("test rules::tests::aligned ... ok"), None);
    }
}
