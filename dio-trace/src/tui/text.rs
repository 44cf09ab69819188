//! Numbers and names as people read them.

use std::{borrow::Cow, fmt::Write as _};

use ratatui::text::Span;

/// Columns that a text takes on the screen.
#[must_use]
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// The text cut to `columns`, with a mark where something was cut off its end.
#[must_use]
pub(super) fn cut(text: &str, columns: usize, mark: char) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += width(character.encode_utf8(&mut [0; 4]));
        if used > columns {
            break;
        }
        kept.push(character);
    }
    if columns > 0 {
        kept.push(mark);
    }
    Cow::Owned(kept)
}

/// The text cut to `columns`, with a mark where something was cut off its beginning: of a path,
/// the end tells more.
#[must_use]
pub(super) fn cut_front(text: &str, columns: usize, mark: char) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut used = 1;
    let mut kept: Vec<char> = Vec::new();
    for character in text.chars().rev() {
        used += width(character.encode_utf8(&mut [0; 4]));
        if used > columns {
            break;
        }
        kept.push(character);
    }
    if columns > 0 {
        kept.push(mark);
    }
    Cow::Owned(kept.into_iter().rev().collect())
}

/// Lines of at most `columns`, broken between words; a longer word is broken inside.
#[must_use]
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for mut word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        while width(word) > columns {
            let end = word
                .char_indices()
                .map(|(index, character)| index + character.len_utf8())
                .take_while(|end| width(&word[..*end]) <= columns)
                .last()
                .unwrap_or_else(|| word.chars().next().map_or(word.len(), char::len_utf8));
            lines.push(word[..end].to_owned());
            word = &word[end..];
        }
        if !line.is_empty() && !word.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Exact, in groups of three: `1,234,567`.
#[must_use]
pub(super) fn exact(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// In at most five characters: `0`, `9,999` as `9999`, `12.3k`, `123k`, `1.23M`.
#[must_use]
pub(super) fn short(number: u64) -> String {
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

/// Requests per second, without the unit: `0`, `0.4`, `12`, `12.3k`.
#[must_use]
pub(super) fn rate(rate: f64) -> String {
    match rate {
        none if none < 0.05 => "0".to_owned(),
        low if low < 9.95 => format!("{low:.1}"),
        middle if middle < 9_999.5 => format!("{middle:.0}"),
        high => scaled(high),
    }
}

/// Bytes in binary units where that is exact, else in bytes: `512`, `4K`, `1M`.
#[must_use]
pub(super) fn size(bytes: u64) -> String {
    for (unit, shift) in [("T", 40), ("G", 30), ("M", 20), ("K", 10)] {
        if bytes != 0 && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}

/// Bytes in binary units, rounded: `1.2 GiB`.
#[must_use]
pub(super) fn volume(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        if value < 1023.5 {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    if unit == "B" || value >= 99.95 {
        format!("{value:.0} {unit}")
    } else {
        format!("{value:.1} {unit}")
    }
}

/// A share: `0%`, `<0.1%`, `12.3%`, `100%`; never rounded to nothing or to all.
#[must_use]
pub(super) fn percent(part: u64, whole: u64) -> String {
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

/// Nanoseconds: `850 ns`, `12.3 us`, `4.56 ms`, `1.20 s`.
#[must_use]
pub(super) fn latency(nanoseconds: u64) -> String {
    let value = nanoseconds as f64;
    match nanoseconds {
        0..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.1} us", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} ms", value / 1e6),
        _ => format!("{:.2} s", value / 1e9),
    }
}

/// A span of time: `7 s`, `12 min 03 s`, `3 h 04 min`, `2 d 05 h`.
#[must_use]
pub(super) fn duration(nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = match seconds {
        0..60 => write!(text, "{seconds} s"),
        60..3_600 => write!(text, "{minutes} min {:02} s", seconds % 60),
        3_600..86_400 => write!(text, "{hours} h {:02} min", minutes % 60),
        _ => write!(text, "{days} d {:02} h", hours % 24),
    };
    text
}

/// Time of day, UTC: `03:00:59`.
#[must_use]
pub(super) fn clock(time: crate::model::Timestamp) -> String {
    time.to_string()
        .get(11..19)
        .map_or_else(|| "--:--:--".to_owned(), str::to_owned)
}

/// Time of day to the millisecond, UTC: `03:00:59.123`.
#[must_use]
pub(super) fn clock_exact(time: crate::model::Timestamp) -> String {
    time.to_string()
        .get(11..23)
        .map_or_else(|| "--:--:--.---".to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_never_misleading() {
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
        assert_eq!(
            [rate(0.0), rate(0.4), rate(12.4), rate(12_345.0)],
            ["0", "0.4", "12", "12.3k"]
        );
        assert_eq!(exact(1_234_567), "1,234,567");
        assert_eq!([exact(0), exact(999), exact(1_000)], ["0", "999", "1,000"]);
        assert_eq!(
            [percent(1, 1_000_000), percent(999_999, 1_000_000)],
            ["<0.1%", ">99.9%"]
        );
        assert_eq!(
            [percent(0, 7), percent(7, 7), percent(1, 8)],
            ["0%", "100%", "12.5%"]
        );
        assert_eq!(
            [size(512), size(4096), size(65_536), size(1000)],
            ["512", "4K", "64K", "1000"]
        );
        assert_eq!(volume(1_610_612_736), "1.5 GiB");
    }

    #[test]
    fn cutting_keeps_to_the_width() {
        assert_eq!(cut("abcdef", 4, '~'), "abc~");
        assert_eq!(cut_front("/a/b/c/d", 4, '~'), "~c/d");
        assert_eq!(cut("\u{65e5}\u{672c}\u{8a9e}", 4, '~'), "\u{65e5}~");
        assert_eq!(cut("abc", 0, '~'), "");
        for columns in 0..12 {
            for line in wrap("one twotwotwotwotwo \u{65e5}\u{672c} three", columns) {
                assert!(width(&line) <= columns.max(2), "{line} {columns}");
            }
        }
    }
}
