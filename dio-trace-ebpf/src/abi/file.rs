//! What is told once of each file.

use crate::rules::Limits;

/// Identifies a file as long as the system runs: an inode number may be used again, but not with
/// the same generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct FileId {
    /// Inode number.
    pub inode: u64,
    /// The filesystem's device (`super_block.s_dev`), or a raw device's own number, as the
    /// kernel's `dev_t`.
    pub device: u32,
    /// Inode generation.
    pub generation: u32,
}

/// Bytes of path that are sent; a longer path is reported as unresolved.
pub const PATH_CAPACITY: usize = 1024;

/// Bytes of the longest file name (`NAME_MAX` and its NUL): slack behind the path, so that the
/// last component can be copied without looking at its length first.
pub const NAME_CAPACITY: usize = 256;

/// Path components that are followed up to the root.
pub const PATH_DEPTH: usize = 48;

/// A file, told when it is first met.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FileEvent {
    /// [`EventKind::File`](super::EventKind::File).
    pub kind: u32,
    /// Bytes of `path` in use; 0 where the path could not be taken whole.
    pub path_length: u32,
    /// Which file.
    pub id: FileId,
    /// Limits of its device when it was met.
    pub limits: Limits,
    /// Number of that device (`block_device.bd_dev`), 0 where there is none.
    pub disk: u32,
    /// Name of that device (`gendisk.disk_name`), NUL-padded.
    pub disk_name: [u8; 32],
    /// Filesystem type, NUL-padded; `block` for a raw device.
    pub filesystem: [u8; 16],
    /// Path components from the file up to the root, each ended by a NUL.
    pub path: [u8; PATH_CAPACITY + NAME_CAPACITY],
}
