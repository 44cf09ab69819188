//! Text that fits: widths, cutting and wrapping.

use std::borrow::Cow;

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

#[cfg(test)]
mod tests {
    use super::*;

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
