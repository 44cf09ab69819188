//! Cuts text to its place on the screen, at the end or at the beginning.

use std::borrow::Cow;

pub(super) use crate::text::{width, wrap};

/// The text cut to `columns`, with a mark if its end was cut off.
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

/// The text cut to `columns`, with a mark if its beginning was cut off: the end of a path says
/// more.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_keeps_to_the_width() {
        assert_eq!(cut("abcdef", 4, '~'), "abc~");
        assert_eq!(cut_front("/a/b/c/d", 4, '~'), "~c/d");
        assert_eq!(cut("\u{65e5}\u{672c}\u{8a9e}", 4, '~'), "\u{65e5}~");
        assert_eq!(cut("abc", 0, '~'), "");
    }
}
