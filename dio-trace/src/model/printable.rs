//! Text from outside, made safe for a terminal.

use std::borrow::Cow;

use unicode_general_category::{GeneralCategory, get_general_category};

/// `text` without anything that a terminal could obey, or that hides how it reads: control characters
/// (C0, DEL, C1), format characters such as those that change the direction of writing or take no
/// room, and separators of lines and paragraphs become `\u{..}`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    // Nearly all names are ASCII.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_unsafe(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// Whether a character is of category Cc, Cf, Zl or Zp (Unicode Standard, section 4.5).
fn is_unsafe(character: char) -> bool {
    matches!(
        get_general_category(character),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_as_a_command() {
        assert_eq!(printable("/var/lib/ä b"), "/var/lib/ä b");
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(printable("\u{9b}31m\u{202e}"), "\\u{9b}31m\\u{202e}");
    }

    #[test]
    fn what_hides_how_a_name_reads_is_shown() {
        for hidden in [
            '\u{00}',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{fff9}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e007f}',
        ] {
            let name = format!("a{hidden}b");
            let shown = format!("a{}b", hidden.escape_default());
            assert_eq!(printable(&name), shown);
        }
        for visible in [
            "ñ",
            "日本語",
            "e\u{301}",
            "\u{a0}",
            "שלום",
            "👩",
            "\u{fffd}",
        ] {
            assert_eq!(printable(visible), visible);
        }
    }

    proptest! {
        #[test]
        fn only_what_is_unsafe_is_changed(text: String) {
            let shown = printable(&text);
            prop_assert!(!shown.chars().any(is_unsafe));
            let back: String = text
                .chars()
                .map(|one| if is_unsafe(one) { one.escape_default().to_string() } else { one.into() })
                .collect();
            prop_assert_eq!(&*shown, back);
        }
    }
}
