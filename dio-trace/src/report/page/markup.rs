//! Text inside HTML and SVG, in which nothing can be markup.

use crate::model::printable;

/// Text in which nothing is markup: names of files and programs are chosen by others.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup() {
        assert_eq!(
            escaped("<script>'\"&\u{1b}"),
            "&lt;script&gt;&#39;&quot;&amp;\\u{1b}"
        );
    }
}
