//! Names of processes and threads.

use std::sync::Arc;

use crate::{hash::Map, kernel::capture::files::word};

/// Number of names remembered: more than any host has at a time.
const CAPACITY: usize = 16_384;

/// Names by the bytes that the probes send, so that equal names share their text.
#[derive(Debug, Default)]
pub(in crate::kernel) struct Names(Map<[u8; 16], Arc<str>>);

impl Names {
    /// Text of a NUL-padded name.
    pub(in crate::kernel) fn name(&mut self, padded: &[u8; 16]) -> Arc<str> {
        if let Some(known) = self.0.get(padded) {
            return Arc::clone(known);
        }
        if self.0.len() >= CAPACITY {
            self.0.clear();
        }
        let name = word(padded).unwrap_or_else(|| "".into());
        self.0.insert(*padded, Arc::clone(&name));
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_share_their_text() {
        let mut names = Names::default();
        let (one, again) = (
            names.name(b"mysqld\0\0\0\0\0\0\0\0\0\0"),
            names.name(b"mysqld\0\0\0\0\0\0\0\0\0\0"),
        );
        assert_eq!(&*one, "mysqld");
        assert!(Arc::ptr_eq(&one, &again));
        assert_eq!(&*names.name(&[0; 16]), "");
        // The kernel ends a name with a NUL; a name without one, or not in UTF-8, is read all the same.
        assert_eq!(&*names.name(&[b'x'; 16]), "xxxxxxxxxxxxxxxx");
        assert_eq!(
            &*names.name(b"\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            "\u{fffd}"
        );
    }

    #[test]
    fn more_names_than_there_is_room_for_are_still_named() {
        let mut names = Names::default();
        for number in 0..=CAPACITY as u64 {
            let mut padded = [0; 16];
            padded[..8].copy_from_slice(&(number + 1).to_ne_bytes());
            names.name(&padded);
        }
        assert!(names.0.len() <= CAPACITY);
        assert_eq!(&*names.name(b"fio\0\0\0\0\0\0\0\0\0\0\0\0\0"), "fio");
    }
}
