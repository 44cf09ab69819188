//! Durations and points in time as text.

use std::time::Duration;

use crate::model::Timestamp;

/// A duration: `350 ms`, `42 s`, `10 min`, `2 h 5 min`, `3 d 4 h`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let pair = |big: u64, name: &str, small: u64, small_name: &str| {
        if small == 0 {
            format!("{big} {name}")
        } else {
            format!("{big} {name} {small} {small_name}")
        }
    };
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3_600 => pair(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// A duration in ns, as text whose width changes little: `7 s`, `12 min 03 s`, `3 h 04 min`,
/// `2 d 05 h`.
#[must_use]
pub fn elapsed(nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min {:02} s", seconds % 60),
        3_600..86_400 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{days} d {:02} h", hours % 24),
    }
}

/// A latency in ns: `850 ns`, `12.3 us`, `4.56 ms`, `1.20 s`.
#[must_use]
pub fn latency(nanoseconds: u64) -> String {
    let value = nanoseconds as f64;
    match nanoseconds {
        0..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.1} us", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} ms", value / 1e6),
        _ => format!("{:.2} s", value / 1e9),
    }
}

/// Time of day, UTC: `03:00:59`.
#[must_use]
pub fn clock(time: Timestamp) -> String {
    time.to_string()
        .get(11..19)
        .map_or_else(|| "--:--:--".to_owned(), str::to_owned)
}

/// Time of day to the millisecond, UTC: `03:00:59.123`.
#[must_use]
pub fn clock_exact(time: Timestamp) -> String {
    time.to_string()
        .get(11..23)
        .map_or_else(|| "--:--:--.---".to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(duration(Duration::from_millis(350)), "350 ms");
        assert_eq!(duration(Duration::from_secs(600)), "10 min");
        assert_eq!(duration(Duration::from_secs(7_500)), "2 h 5 min");
        assert_eq!(duration(Duration::from_secs(273_600)), "3 d 4 h");
        let spans = [7, 723, 11_040, 190_800].map(|seconds| elapsed(seconds * 1_000_000_000));
        assert_eq!(spans, ["7 s", "12 min 03 s", "3 h 04 min", "2 d 05 h"]);
    }
}
