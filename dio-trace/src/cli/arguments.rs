//! Durations and sizes, in the notation that people use.

use std::time::Duration;

/// Reads a duration such as `90s`, `10m`, `2h`, `1d` or `500ms`; a bare number is in seconds.
///
/// # Errors
/// Where it is not a duration above 0; the message says how to write one.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const MISTAKE: &str = "write a number and a unit: 500ms, 90s, 10m, 2h, 1d";
    let (number, unit) = split(text);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return Err(MISTAKE.to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| MISTAKE.to_owned())?;
    let duration = Duration::try_from_secs_f64(number * seconds).map_err(|_| MISTAKE.to_owned())?;
    if duration.is_zero() {
        Err("the duration must be above 0".to_owned())
    } else {
        Ok(duration)
    }
}

/// Reads a size such as `64M`, `2G` or `500k`, in units of 1024; a bare number is in bytes.
///
/// # Errors
/// Where it is not a size above 0; the message says how to write one.
pub fn parse_size(text: &str) -> Result<u64, String> {
    const MISTAKE: &str = "write a number and a unit: 500k, 64M, 2G";
    let (number, unit) = split(text);
    let shift = match unit.trim_end_matches("iB").trim_end_matches('B') {
        "" => 0,
        "k" | "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(MISTAKE.to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| MISTAKE.to_owned())?;
    number
        .checked_mul(1 << shift)
        .filter(|size| *size != 0)
        .ok_or_else(|| MISTAKE.to_owned())
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_at(
        text.find(|character: char| character.is_alphabetic())
            .unwrap_or(text.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse_duration("90").unwrap(), Duration::from_secs(90));
        assert_eq!(parse_duration("1.5h").unwrap(), Duration::from_secs(5_400));
        assert_eq!(parse_duration("500ms").unwrap(), Duration::from_millis(500));
        for wrong in ["", "x", "5 parsecs", "-1s", "0", "1e400d", "nan"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_size("64M").unwrap(), 64 << 20);
        assert_eq!(parse_size("2GiB").unwrap(), 2 << 30);
        assert_eq!(parse_size("500k").unwrap(), 500 << 10);
        for wrong in ["", "M", "1.5G", "0", "-1", "99999999T"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
