//! Durations and sizes, in the notation that people use.
//!
//! jiff and humantime refuse some of it (a bare number, a day, `1.5h`), and bytesize reads `64M` as
//! decimal.

use std::time::Duration;

/// Reads a duration such as `90s`, `10m`, `1h30m`, `1d` or `500ms`; a bare number is in seconds.
///
/// # Errors
/// Where it is not a duration above 0; the message says how to write one.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mistake =
        || "write a number and a unit: 500ms, 90s, 10m, 2h, 1d, or several: 1h30m".to_owned();
    let mut total = Duration::ZERO;
    let mut smallest = f64::INFINITY;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (number, after) = split(rest, |one| one.is_ascii_digit() || one == '.');
        let (unit, after) = split(after, char::is_alphabetic);
        let seconds = match unit {
            "" if smallest.is_infinite() && after.is_empty() => 1.0,
            "ms" => 0.001,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return Err(mistake()),
        };
        if seconds >= smallest {
            return Err(mistake());
        }
        let number: f64 = number.parse().map_err(|_| mistake())?;
        let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| mistake())?;
        total = total.checked_add(part).ok_or_else(mistake)?;
        (smallest, rest) = (seconds, after);
    }
    match total {
        Duration::ZERO if text.trim().is_empty() => Err(mistake()),
        Duration::ZERO => Err("the duration must be above 0".to_owned()),
        total => Ok(total),
    }
}

/// Reads a size such as `64M`, `2G` or `500k`, in units of 1024; a bare number is in bytes.
///
/// # Errors
/// Where it is not a size above 0; the message says how to write one.
pub fn parse_size(text: &str) -> Result<u64, String> {
    const MISTAKE: &str = "write a number and a unit: 500k, 64M, 2G";
    let (number, unit) = split(text.trim(), |one| !one.is_alphabetic());
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

/// Splits a text after its leading characters of one kind.
fn split(text: &str, is_kind: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|one| !is_kind(one)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_duration_is_the_sum_of_its_parts(d in 0_u64..9, h in 0_u64..99, m in 0_u64..99, s in 1_u64..99) {
            let seconds = ((d * 24 + h) * 60 + m) * 60 + s;
            let written = parse_duration(&format!("{d}d{h}h{m}m{s}s"));
            prop_assert_eq!(written, Ok(Duration::from_secs(seconds)));
        }
    }

    #[test]
    fn durations() {
        assert_eq!(parse_duration("90").unwrap(), Duration::from_secs(90));
        assert_eq!(parse_duration("1.5h").unwrap(), Duration::from_secs(5_400));
        assert_eq!(parse_duration("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(parse_duration("1h30m").unwrap(), Duration::from_secs(5_400));
        assert_eq!(
            parse_duration(" 1d2h3m4s5ms ").unwrap(),
            Duration::from_millis(93_784_005)
        );
        for wrong in [
            "",
            " ",
            "x",
            "5 parsecs",
            "-1s",
            "0",
            "0h0m",
            "1e400d",
            "nan",
            "1h30",
            "30m1h",
            "1h1h",
            "1h-3m",
            "h30m",
            "1..5h",
            "99999999999999999999d",
        ] {
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
