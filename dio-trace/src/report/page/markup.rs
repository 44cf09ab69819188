//! Text inside HTML, SVG and Markdown, in which nothing can be markup: names of files and programs are
//! chosen by others.

use crate::model::printable;

/// Text for HTML and SVG.
pub(super) fn escaped(text: &str) -> String {
    each(text, |safe, character| match character {
        '&' => safe.push_str("&amp;"),
        '<' => safe.push_str("&lt;"),
        '>' => safe.push_str("&gt;"),
        '"' => safe.push_str("&quot;"),
        '\'' => safe.push_str("&#39;"),
        other => safe.push(other),
    })
}

/// Text for Markdown.
pub(super) fn escaped_for_markdown(text: &str) -> String {
    each(text, |safe, character| {
        if "\\`*_{}[]<>#|~&".contains(character) {
            safe.push('\\');
        }
        safe.push(character);
    })
}

fn each(text: &str, add: impl Fn(&mut String, char)) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in printable(text).chars() {
        add(&mut safe, character);
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
        assert_eq!(
            escaped_for_markdown("<b>a_b|c</b>\u{1b}"),
            "\\<b\\>a\\_b\\|c\\</b\\>\\\\u\\{1b\\}"
        );
    }
}
