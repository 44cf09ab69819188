//! Progress lines on standard error, and the duration of each phase.

use std::time::{Duration, Instant};

/// Prints a progress line.
pub(crate) fn say(text: impl AsRef<str>) {
    eprintln!("==> {}", text.as_ref());
}

/// Runs one long step. Prints a line with its name before it, and a line with its duration after
/// it.
pub(crate) fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    say(name);
    let started = Instant::now();
    let result = work();
    say(format!("{name}: {}", seconds(started.elapsed())));
    result
}

/// A duration in seconds, such as `7.3 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
