//! Lines of limited width, broken between words.

use ratatui::text::Span;

/// Columns that a text takes on the screen.
#[must_use]
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// Lines of at most `columns`, broken between words; a longer word is broken inside.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
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
    fn wrapping_keeps_to_the_width() {
        for columns in 0..12 {
            for line in wrap("one twotwotwotwotwo \u{65e5}\u{672c} three", columns) {
                assert!(width(&line) <= columns.max(2), "{line} {columns}");
            }
        }
    }
}
