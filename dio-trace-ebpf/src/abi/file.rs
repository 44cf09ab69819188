//! The event that is sent once for each file.

use bytemuck::{Pod, Zeroable};

use super::hash::mixed;
use crate::rules::Limits;

/// Identifies a file as long as the system runs: an inode number may be used again, but not with
/// the same generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
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

/// Ways of one [`FileSet`].
pub const FILE_WAYS: usize = 8;

/// Number of sets in the table of files that were sent. They hold far more files than userspace
/// remembers, so a set is hardly ever too small.
pub const FILE_SETS: u32 = 1 << 15;

/// Some of the files that were sent, by their [`number`](FileId::number).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(transparent)]
pub struct FileSet(pub [u64; FILE_WAYS]);

impl FileId {
    /// A number that no other file has, except by chance (one in 10^9 among a hundred thousand files);
    /// never 0. It differs in every `epoch` of userspace's memory of files.
    #[inline(always)]
    #[must_use]
    pub const fn number(&self, epoch: u32) -> u64 {
        let device = (self.device as u64) << 32 | self.generation as u64;
        mixed(mixed(self.inode ^ (epoch as u64) << 40) ^ device) | 1
    }

    /// The [`FileSet`] of a number.
    #[inline(always)]
    #[must_use]
    pub const fn set_of(number: u64) -> u32 {
        (number >> 32) as u32 & (FILE_SETS - 1)
    }
}

/// The device of a mounted filesystem, for the probes to look up where they cannot find it: btrfs sets
/// no `s_bdev`, and modules of kernels before 5.11 have no BTF that says where it keeps its device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct FilesystemDevice {
    /// Its limits.
    pub limits: Limits,
    /// Its number, as the kernel's `dev_t`.
    pub disk: u32,
    /// Its name, NUL-padded.
    pub disk_name: [u8; 32],
}

/// Steps from a file up to the root: one for each component of its path and one for each mount that is
/// crossed. A deeper path is reported as unresolved.
pub const PATH_STEPS: usize = 32;

/// Bytes for one component with its NUL. A path with a longer one is reported as unresolved.
///
/// Each step has a slot of its own, although most components are far shorter: the place of a component
/// then depends only on the step, which lets the verifier walk the loop once.
pub const NAME_CAPACITY: usize = 128;

/// A file, sent when a request to it is first seen.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct FileEvent {
    /// [`EventKind::File`](super::EventKind::File).
    pub kind: u32,
    /// Slots of `path` in use; 0 where the path could not be taken whole, up to the root.
    pub path_steps: u32,
    /// The file.
    pub id: FileId,
    /// Limits of its device at that time.
    pub limits: Limits,
    /// Number of that device (`block_device.bd_dev`), 0 where there is none.
    pub disk: u32,
    /// Name of that device (`gendisk.disk_name`), NUL-padded.
    pub disk_name: [u8; 32],
    /// Filesystem type, NUL-padded; `block` for a raw device.
    pub filesystem: [u8; 16],
    /// Path components from the file up to the root, each ended by a NUL. A crossed mount and the root
    /// have an empty one.
    pub path: [[u8; NAME_CAPACITY]; PATH_STEPS],
}
