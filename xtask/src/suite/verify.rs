//! A check of the exit code of `dio-trace verify`, as scripts use it.

use super::{outcome::Outcome, setting::Setting};

/// Checks it for a shell command, and returns what was printed. `part` and `what` are for the name of the
/// check.
pub(super) fn exit_code(
    setting: &Setting,
    outcome: &mut Outcome,
    [part, what]: [&str; 2],
    script: &str,
    expected: i32,
) -> anyhow::Result<String> {
    let (code, text) = setting.tracer.run(&["verify", "--", "sh", "-c", script])?;
    outcome.check(
        format!("{part}: verify of {what} exits with {expected}"),
        code == Some(expected),
        format!("{code:?}: {}", text.lines().next().unwrap_or_default()),
    );
    Ok(text)
}
