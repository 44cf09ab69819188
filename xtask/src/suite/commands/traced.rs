//! Checks of a traced command.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::bench::{Bench, LOG512};
use crate::suite::outcome::Outcome;

/// Checks whose requests are recorded, and the exit status.
pub(super) fn with_command(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<PathBuf> {
    // A child and a grandchild.
    let script = bench.script("log512");
    let nested = format!("{script}; (sh -c '{script}; exit 3'); exit 7");
    let mut running = bench.start("faulty.dio", &["--stacks", "--", "sh", "-c", &nested])?;
    let (status, said) = (running.ended()?, running.said());
    let kept = bench.counts(&running.output)?;
    outcome.check(
        "commands: record -- COMMAND follows descendants from their first request",
        kept == Some((2 * LOG512, 2 * LOG512)),
        format!("{kept:?} requests kept of {}: {said}", 2 * LOG512),
    );
    outcome.check(
        "commands: record -- COMMAND passes the exit status on",
        status.code() == Some(7),
        format!("{status}"),
    );
    stacks(bench, outcome, &running.output)?;
    Ok(running.output.clone())
}

/// Checks the call stacks of every request: functions in the kernel, and in the program at least
/// addresses. Whether those have names depends on how the program was built and how long it lives.
fn stacks(bench: &Bench<'_>, outcome: &mut Outcome, recording: &Path) -> anyhow::Result<()> {
    let path = recording.to_string_lossy();
    let rows = bench.setting.tracer.requests(&path)?;
    let frames = |row: &Value, side: &str| -> Vec<String> {
        let frames = row[side].as_array().into_iter().flatten();
        let frames = frames.filter_map(|frame| frame.as_str().map(str::to_owned));
        frames.collect()
    };
    let whole = rows.iter().filter(|row| {
        let kernel = frames(row, "kernel_stack");
        let entry = kernel.iter().any(|frame| frame.contains("sys_pwrite64+"));
        entry && !frames(row, "user_stack").is_empty()
    });
    let whole = whole.count();
    let first = rows.first();
    outcome.check(
        "commands: record --stacks names the functions of every request",
        whole == rows.len() && whole != 0,
        format!(
            "{whole} of {} requests; first {:?} in {:?}",
            rows.len(),
            first
                .map(|row| frames(row, "user_stack"))
                .unwrap_or_default(),
            first
                .map(|row| frames(row, "kernel_stack"))
                .unwrap_or_default(),
        ),
    );
    Ok(())
}
