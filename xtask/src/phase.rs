//! Progress lines on standard error, and how long each phase took.

use std::time::{Duration, Instant};

/// Says what goes on now.
pub(crate) fn say(text: impl AsRef<str>) {
    eprintln!("==> {}", text.as_ref());
}

/// Runs one long step between a line that names it and a line with its duration.
pub(crate) fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    say(name);
    let started = Instant::now();
    let result = work();
    say(format!("{name}: {}", seconds(started.elapsed())));
    result
}

/// `7.3 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
