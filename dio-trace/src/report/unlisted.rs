//! Files that are counted, but have no row of their own because there are too many.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::{findings::Directory, hash::Set, report::keys::File};

/// Number of files that are counted exactly, 8 bytes each.
const CAPACITY: usize = 1 << 18;

/// Different files.
#[derive(Clone, Debug, Default)]
pub struct Unlisted {
    files: Set<u64>,
    more: bool,
    /// The directory that they have in common.
    pub directory: Directory,
}

impl Unlisted {
    pub(super) fn add(&mut self, file: &File) {
        self.insert(number(file));
        if let Some(path) = &file.path {
            self.directory.add(path);
        }
    }

    fn insert(&mut self, file: u64) {
        if self.files.len() < CAPACITY {
            self.files.insert(file);
        } else {
            self.more |= !self.files.contains(&file);
        }
    }

    /// Adds all of `other`.
    pub(super) fn merge(&mut self, other: &Self) {
        other.files.iter().for_each(|file| self.insert(*file));
        self.more |= other.more;
        self.directory.merge(&other.directory);
    }

    /// The number of files that are none of `listed`, and whether there are more.
    pub(super) fn count<'a>(&self, listed: impl Iterator<Item = &'a File>) -> (usize, bool) {
        let both = listed.filter(|file| self.files.contains(&number(file)));
        (self.files.len().saturating_sub(both.count()), self.more)
    }
}

/// A number for a file. Different files have different ones, but for a chance of one in millions of
/// millions.
fn number(file: &File) -> u64 {
    FixedState::default().hash_one((&file.path, &file.inode, &file.disk, &file.filesystem))
}
