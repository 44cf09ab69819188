//! Engines and causes: the code in the kernel that carried a request, and why it was buffered.

use super::RuleSet;

words! {
    /// The code that carried a request, which decides whose rule holds.
    Engine {
        None = 0 => "none", "refused, or served from the page cache, before any direct I/O engine was entered";
        Iomap = 1 => "iomap", "iomap_dio_rw and its relatives: XFS, ext4, btrfs, f2fs and others";
        Block = 2 => "block", "blkdev_direct_IO: a raw block device";
        Legacy = 3 => "legacy", "__blockdev_direct_IO: FAT and other filesystems that were not moved to iomap; on every kernel, everything must be a multiple of the logical block size";
        Server = 4 => "server", "passed to a server without the page cache: FUSE, NFS; this kernel has no alignment rule for it";
        Own = 5 => "own", "an engine of the filesystem's own, or memory on a DAX device: the common rules do not hold";
        Passthrough = 6 => "passthrough", "a command to the device with the program's memory: SG_IO, NVMe ioctl, io_uring_cmd";
    }
}

impl Engine {
    /// The rules that hold in this engine on a kernel whose common rule set is `kernel`.
    ///
    /// `do_blockdev_direct_IO` (fs/direct-io.c) asks for whole logical blocks in every version.
    #[must_use]
    pub const fn rule_set(self, kernel: RuleSet) -> RuleSet {
        match self {
            Self::Legacy => RuleSet::LogicalBlock,
            Self::None
            | Self::Iomap
            | Self::Block
            | Self::Server
            | Self::Own
            | Self::Passthrough => kernel,
        }
    }

    /// Whether the common rules hold in it at all.
    #[must_use]
    pub const fn has_rules(self) -> bool {
        match self {
            Self::None | Self::Iomap | Self::Block | Self::Legacy => true,
            Self::Server | Self::Own | Self::Passthrough => false,
        }
    }
}

words! {
    /// The reason for which a request was buffered, if it is not alignment.
    Cause {
        Checksums = 1 => "checksums", "the file has data checksums, which need memory that does not change meanwhile (btrfs writes)";
        Compression = 2 => "compression", "the data is compressed";
        SharedExtents = 3 => "shared_extents", "the file shares extents with another one, and the write is not whole filesystem blocks (XFS)";
        Encryption = 4 => "encryption", "the file is encrypted";
        Verity = 5 => "verity", "the file is protected by fs-verity";
        JournalledData = 6 => "journalled_data", "the filesystem journals the file's data";
        InlineData = 7 => "inline_data", "the data lies in the inode";
        HoleFilled = 8 => "hole_filled", "a write where no block was allocated yet, which this filesystem leaves to the page cache";
        CacheBusy = 9 => "cache_busy", "pages of the file in the page cache could not be dropped: it is mapped, or written through the page cache at the same time";
        FilesystemBlock = 10 => "filesystem_block", "the filesystem does only whole blocks of its own directly";
        Unknown = 11 => "unknown", "could not be found out";
    }
}
