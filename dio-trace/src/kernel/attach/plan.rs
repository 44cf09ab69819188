//! The attach plan: which kernel functions are hooked, for what, and what is lost without. Data
//! only; [`attach`](super::attach) carries it out.

use crate::kernel::attach::roles::Role;

/// When a hook is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) enum When {
    /// On every machine.
    Always,
    /// While one of these filesystem types is known to the kernel (`/proc/filesystems`).
    Filesystem(&'static [&'static str]),
    /// While this filesystem type is known, and the function is there with so many arguments: it
    /// tells what the filesystem does directly, where iomap's own functions would not.
    Telling(&'static str, u32),
    /// While one of these filesystem types is known that has no such function.
    NotTelling(&'static [&'static str]),
    /// While a command or chosen processes are traced.
    ChosenProcesses,
    /// While one of these filesystem types is known, and the returns of this function, hooked before,
    /// can be missed: without fexit, or where programs are preempted.
    ReturnsMissed(&'static [&'static str], &'static str),
}

/// One row of the plan.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Hook {
    /// Kernel function, or tracepoint for the tracepoint roles.
    pub(in crate::kernel) target: &'static str,
    /// What it sees.
    pub(in crate::kernel) role: Role,
    /// When it is of use.
    pub(in crate::kernel) when: When,
    /// Whether kernels without this function are whole all the same: it came late, or is named
    /// otherwise elsewhere.
    pub(in crate::kernel) optional: bool,
    /// What it gives, for people.
    pub(in crate::kernel) gives: &'static str,
    /// What is lost without it, for people.
    pub(in crate::kernel) lost: &'static str,
}

const ALL_DIRECT: &str = "results of asynchronous requests: such requests are not counted";
const EARLY: &str = "requests that the filesystem rejects or serves from the page cache by itself";

/// A filesystem's `read_iter` and `write_iter`.
const fn filesystem(target: &'static str, types: &'static [&'static str]) -> Hook {
    Hook {
        target,
        role: Role::Request,
        when: When::Filesystem(types),
        optional: false,
        gives: "whole requests, early rejections, fallback to the page cache",
        lost: EARLY,
    }
}

const fn completion(target: &'static str, optional: bool) -> Hook {
    Hook {
        target,
        role: Role::Completion,
        when: When::Always,
        optional,
        gives: "results of asynchronous requests",
        lost: ALL_DIRECT,
    }
}

/// XFS' direct reads, which none of its buffered reads passes. Seen here, their result needs no
/// exit of `iomap_dio_rw`, which some kernels follow only for few calls at a time. Where all are
/// followed, one hook less is a tenth of the cost.
const fn xfs_direct_read(target: &'static str) -> Hook {
    Hook {
        target,
        role: Role::Request,
        when: When::ReturnsMissed(&["xfs"], "iomap_dio_rw"),
        optional: true,
        gives: "direct reads",
        lost: "nothing, as long as iomap_dio_rw is seen",
    }
}

/// Filesystems that call `__iomap_dio_rw` and `iomap_dio_complete` themselves: btrfs for writes.
const COMPLETE_THEMSELVES: &[&str] = &["btrfs", "f2fs"];
const DONE_DIRECTLY: &str =
    "bytes done directly on btrfs and f2fs: their writes appear as buffered";

/// A function of one of [`COMPLETE_THEMSELVES`], in place of two of iomap's, which all requests of all
/// filesystems pass. iomap calls it by its address, so that it is never inlined.
const fn telling(
    target: &'static str,
    role: Role,
    filesystem: &'static str,
    arguments: u32,
) -> Hook {
    Hook {
        target,
        role,
        when: When::Telling(filesystem, arguments),
        optional: true,
        gives: "bytes done directly by a filesystem that completes iomap requests itself",
        lost: DONE_DIRECTLY,
    }
}

/// An engine of NFS or FUSE, which ask for no alignment.
const fn server_engine(target: &'static str, types: &'static [&'static str]) -> Hook {
    Hook {
        target,
        role: Role::ServerEngine,
        when: When::Filesystem(types),
        optional: true,
        gives: "what is passed to the server without the page cache",
        lost: "bytes done directly: such requests appear as buffered",
    }
}

/// tmpfs takes `O_DIRECT` from 6.6 on, and serves it from memory.
const TMPFS_READ: Hook = Hook {
    optional: true,
    ..filesystem("shmem_file_read_iter", &["tmpfs"])
};

/// The function came with `O_DIRECT`.
const TMPFS_WRITE: Hook = Hook {
    optional: true,
    ..filesystem("shmem_file_write_iter", &["tmpfs"])
};

/// Every hook. Completions and engines come before the hooks that begin requests, so that no
/// request is seen to begin whose end could not be.
pub(in crate::kernel) const PLAN: &[Hook] = &[
    completion("aio_complete_rw", false),
    completion("io_complete_rw", false),
    completion("io_complete_rw_iopoll", false),
    completion("lo_rw_aio_complete", true),
    completion("ovl_aio_rw_complete", true),
    completion("backing_aio_rw_complete", true),
    completion("ovl_aio_queue_completion", true),
    completion("backing_aio_queue_completion", true),
    Hook {
        target: "block_bio_queue",
        role: Role::BioQueue,
        when: When::Always,
        optional: false,
        gives: "bios of each request",
        lost: "numbers of bios, and whether an error came late",
    },
    Hook {
        target: "block_split",
        role: Role::BioSplit,
        when: When::Always,
        optional: false,
        gives: "split bios of each request",
        lost: "numbers of split bios",
    },
    Hook {
        target: "sched_process_fork",
        role: Role::ProcessFork,
        when: When::ChosenProcesses,
        optional: false,
        gives: "descendants of the traced processes",
        lost: "requests of child processes",
    },
    telling("btrfs_dio_submit_io", Role::BtrfsSubmit, "btrfs", 3),
    // So named in 6.1; where it has other arguments, iomap's functions are hooked.
    telling("btrfs_submit_direct", Role::BtrfsSubmit, "btrfs", 3),
    telling("f2fs_dio_read_end_io", Role::IomapEnd, "f2fs", 4),
    telling("f2fs_dio_write_end_io", Role::IomapEnd, "f2fs", 4),
    Hook {
        target: "iomap_dio_complete",
        role: Role::IomapComplete,
        when: When::NotTelling(COMPLETE_THEMSELVES),
        optional: false,
        gives: "bytes done directly by filesystems that complete iomap requests themselves",
        lost: DONE_DIRECTLY,
    },
    Hook {
        target: "__iomap_dio_rw",
        role: Role::IomapInner,
        when: When::NotTelling(COMPLETE_THEMSELVES),
        optional: false,
        gives: "entry into iomap by filesystems that complete requests themselves",
        lost: DONE_DIRECTLY,
    },
    Hook {
        target: "iomap_dio_rw",
        role: Role::IomapEngine,
        when: When::Always,
        optional: false,
        gives: "direct I/O of XFS, ext4 and all others on iomap",
        lost: "direct reads of XFS, and what other filesystems do directly",
    },
    Hook {
        target: "__iomap_dio_read_simple",
        role: Role::IomapSimpleEngine,
        when: When::Always,
        optional: true,
        gives: "small reads of XFS and ext4",
        lost: "small reads of XFS, and small direct reads of ext4",
    },
    Hook {
        target: "blkdev_direct_IO",
        role: Role::BlockDeviceEngine,
        when: When::Always,
        optional: false,
        gives: "what raw block devices do directly",
        lost: "bytes done directly on raw devices",
    },
    Hook {
        target: "__blockdev_direct_IO",
        role: Role::LegacyEngine,
        when: When::Always,
        optional: true,
        gives: "direct I/O of FAT and other filesystems that are not on iomap",
        lost: "direct I/O of FAT and other filesystems that are not on iomap",
    },
    Hook {
        target: "blkdev_read_iter",
        role: Role::Request,
        when: When::Always,
        optional: false,
        gives: "whole requests on raw block devices",
        lost: EARLY,
    },
    Hook {
        target: "blkdev_write_iter",
        role: Role::Request,
        when: When::Always,
        optional: false,
        gives: "whole requests on raw block devices",
        lost: EARLY,
    },
    xfs_direct_read("xfs_file_dio_read"),
    // So named up to 5.10.
    xfs_direct_read("xfs_file_dio_aio_read"),
    filesystem("xfs_file_write_iter", &["xfs"]),
    filesystem("ext4_file_read_iter", &["ext4"]),
    filesystem("ext4_file_write_iter", &["ext4"]),
    filesystem("btrfs_file_read_iter", &["btrfs"]),
    filesystem("btrfs_file_write_iter", &["btrfs"]),
    filesystem("f2fs_file_read_iter", &["f2fs"]),
    filesystem("f2fs_file_write_iter", &["f2fs"]),
    server_engine("fuse_direct_IO", FUSE),
    server_engine("fuse_direct_read_iter", FUSE),
    server_engine("fuse_direct_write_iter", FUSE),
    filesystem("fuse_file_read_iter", FUSE),
    filesystem("fuse_file_write_iter", FUSE),
    server_engine("nfs_file_direct_read", NFS),
    server_engine("nfs_file_direct_write", NFS),
    filesystem("nfs_file_read", NFS),
    filesystem("nfs_file_write", NFS),
    TMPFS_READ,
    TMPFS_WRITE,
];

const FUSE: &[&str] = &["fuse"];
const NFS: &[&str] = &["nfs", "nfs4"];

/// Modules whose functions the plan names, and whose BTF is therefore read.
pub(in crate::kernel) const MODULES: &[&str] = &[
    "xfs", "ext4", "btrfs", "f2fs", "loop", "overlay", "fuse", "nfs",
];
