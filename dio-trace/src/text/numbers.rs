//! Counts, rates and shares as text.
//!
//! humansize and others round to nothing; here what is above zero never reads as zero, and what is not
//! all never reads as 100 %.

/// A number with separators: `1,234,567`.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position != 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number in at most five characters: `0`, `9,999` as `9999`, `12.3k`, `123k`, `1.23M`.
#[must_use]
pub fn short(number: u64) -> String {
    if number < 10_000 {
        number.to_string()
    } else {
        scaled(number as f64)
    }
}

fn scaled(number: f64) -> String {
    let (mut value, mut unit) = (number, "");
    for next in ["k", "M", "G", "T", "P", "E"] {
        if value < 999.5 {
            break;
        }
        (value, unit) = (value / 1_000.0, next);
    }
    let decimals = match value {
        small if small < 9.995 => 2,
        middle if middle < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}{unit}")
}

/// A rate with one decimal; `<0.1` for a rate above 0 that rounds to 0.
#[must_use]
pub fn rate(rate: f64) -> String {
    if rate > 0.0 && rate < 0.1 {
        "<0.1".to_owned()
    } else {
        format!("{rate:.1}")
    }
}

/// A number of requests per second, without the unit: `0`, `0.4`, `12`, `12.3k`.
#[must_use]
pub fn per_second(rate: f64) -> String {
    match rate {
        none if none < 0.05 => "0".to_owned(),
        low if low < 9.95 => format!("{low:.1}"),
        middle if middle < 9_999.5 => format!("{middle:.0}"),
        high => scaled(high),
    }
}

/// A share: `0%`, `<0.1%`, `12.3%`, `100%`; never rounded to 0 or to 100.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0%".to_owned();
    }
    if part == whole {
        return "100%".to_owned();
    }
    match part as f64 * 100.0 / whole as f64 {
        little if little < 0.1 => "<0.1%".to_owned(),
        nearly if nearly >= 99.95 => ">99.9%".to_owned(),
        share => format!("{share:.1}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_000), "1,000");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(number(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn they_are_short_and_never_misleading() {
        for (number, expected) in [
            (0, "0"),
            (9_999, "9999"),
            (10_000, "10.0k"),
            (123_456, "123k"),
            (999_499, "999k"),
            (999_999, "1.00M"),
            (12_345_678, "12.3M"),
        ] {
            assert_eq!(short(number), expected);
        }
        assert!(short(u64::MAX).len() <= 5);
    }

    #[test]
    fn rates() {
        assert_eq!(
            [rate(0.0), rate(0.001), rate(12.34)],
            ["0.0", "<0.1", "12.3"]
        );
        let rates = [0.0, 0.4, 12.4, 12_345.0].map(per_second);
        assert_eq!(rates, ["0", "0.4", "12", "12.3k"]);
    }

    #[test]
    fn shares() {
        for (part, whole, expected) in [
            (1, 1_000_000, "<0.1%"),
            (999_999, 1_000_000, ">99.9%"),
            (0, 7, "0%"),
            (7, 7, "100%"),
            (1, 8, "12.5%"),
        ] {
            assert_eq!(percent(part, whole), expected);
        }
    }
}
