//! Cuts text to its place on the screen, at the end or at the beginning.

use std::borrow::Cow;

use unicode_truncate::UnicodeTruncateStr;

pub(super) use crate::text::{width, wrap};

/// The text cut to `columns`, with a mark if its end was cut off.
#[must_use]
pub(super) fn cut(text: &str, columns: usize, mark: char) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let (kept, _) = text.unicode_truncate(columns.saturating_sub(1));
    Cow::Owned(format!("{kept}{}", shown(mark, columns)))
}

/// The text cut to `columns`, with a mark if its beginning was cut off: the end of a path says
/// more.
#[must_use]
pub(super) fn cut_front(text: &str, columns: usize, mark: char) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let (kept, _) = text.unicode_truncate_start(columns.saturating_sub(1));
    Cow::Owned(format!("{}{kept}", shown(mark, columns)))
}

/// The mark, where there is a column for it.
fn shown(mark: char, columns: usize) -> String {
    Some(mark).filter(|_| columns > 0).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cut_text_fits_and_is_a_part_of_the_text(text: String, columns in 0_usize..20) {
            let (front, end) = (cut_front(&text, columns, '~'), cut(&text, columns, '~'));
            for part in [&front, &end] {
                prop_assert!(width(part) <= columns, "{part:?}");
                prop_assert!(**part != text || width(&text) <= columns || columns == 0);
            }
            if width(&text) > columns && columns > 0 {
                prop_assert!(text.starts_with(end.strip_suffix('~').unwrap()));
                prop_assert!(text.ends_with(front.strip_prefix('~').unwrap()));
            }
        }
    }

    #[test]
    fn a_cluster_of_characters_is_cut_as_one() {
        // A family, and letters with an accent of their own.
        let family = "\u{1f469}\u{200d}\u{1f467}x";
        assert_eq!(cut(family, 2, '~'), "~");
        assert_eq!(cut("ae\u{301}b", 3, '~'), "ae\u{301}b");
        assert_eq!(cut("ae\u{301}bc", 3, '~'), "ae\u{301}~");
        assert_eq!(cut_front("abe\u{301}c", 3, '~'), "~e\u{301}c");
    }

    #[test]
    fn cutting_keeps_to_the_width() {
        assert_eq!(cut("abcdef", 4, '~'), "abc~");
        assert_eq!(cut_front("/a/b/c/d", 4, '~'), "~c/d");
        assert_eq!(cut("\u{65e5}\u{672c}\u{8a9e}", 4, '~'), "\u{65e5}~");
        assert_eq!(cut("abc", 0, '~'), "");
    }
}
