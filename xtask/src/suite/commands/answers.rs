//! Checks of the exit codes of `compare` and `verify`.

use std::path::Path;

use super::bench::Bench;
use crate::suite::{outcome::Outcome, verify::exit_code};

/// Compares two real recordings, in both orders.
pub(super) fn compare(
    bench: &Bench<'_>,
    outcome: &mut Outcome,
    faulty: &Path,
    fixed: &Path,
) -> anyhow::Result<()> {
    let (faulty, fixed) = (faulty.to_string_lossy(), fixed.to_string_lossy());
    let (better, text) = bench.run(&["compare", &faulty, &fixed])?;
    let (worse, _) = bench.run(&["compare", &fixed, &faulty])?;
    outcome.check(
        "commands: compare tells a fixed program from a broken one",
        (better, worse) == (Some(0), Some(1)),
        format!(
            "fixed {better:?}, broken {worse:?}: {}",
            text.lines().next().unwrap_or_default()
        ),
    );
    Ok(())
}

pub(super) fn verify(
    bench: &Bench<'_>,
    outcome: &mut Outcome,
    what: &str,
    script: &str,
    expected: i32,
) -> anyhow::Result<()> {
    let text = exit_code(bench.setting, outcome, ["commands", what], script, expected)?;
    outcome.check(
        format!("commands: verify of {what} says when tracing has begun"),
        text.lines()
            .any(|line| line.starts_with("dio-trace: tracing: ")),
        text.lines().last().unwrap_or_default().to_owned(),
    );
    Ok(())
}
