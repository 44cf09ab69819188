//! One frame of a call stack as text.

use std::sync::Arc;

/// Number of characters of a function's name that are kept; names of C++ templates have no limit.
const LONGEST_NAME: usize = 400;

/// A stack with names, innermost frame first.
pub(super) type Names = Arc<[Arc<str>]>;

/// A stack without names.
pub(super) fn addresses(frames: &[u64]) -> Names {
    frames.iter().map(|&frame| address(frame)).collect()
}

/// A frame without a name.
pub(super) fn address(frame: u64) -> Arc<str> {
    format!("{frame:#x}").into()
}

/// A frame with a name; `place` is the module or binary of the function in brackets, or empty.
pub(super) fn named(function: &str, offset: u64, place: &str) -> Arc<str> {
    let gap = if place.is_empty() { "" } else { " " };
    // The owner of a file may choose any names.
    let (name, cut) = match function.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => (&function[..end], "..."),
        None => (function, ""),
    };
    format!("{name}{cut}+{offset:#x}{gap}{place}").into()
}

/// The address by which to look up the function of a frame. Except for the innermost one, a frame is a
/// return address, which is in the next function if the call was the last instruction.
pub(super) const fn looked_up(index: usize, frame: u64) -> u64 {
    frame.saturating_sub((index != 0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_as_in_other_tools() {
        assert_eq!(&*named("main", 0x12, "(prog)"), "main+0x12 (prog)");
        assert_eq!(&*named("vfs_read", 0, ""), "vfs_read+0x0");
        let long = named(&"\u{e4}".repeat(LONGEST_NAME + 1), 1, "");
        assert_eq!(long.chars().count(), LONGEST_NAME + "...+0x1".len());
    }

    #[test]
    fn a_return_address_is_looked_up_before_itself() {
        assert_eq!(looked_up(0, 100), 100);
        assert_eq!(looked_up(1, 100), 99);
    }
}
