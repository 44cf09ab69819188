//! The attach plan: every kernel function and tracepoint that is hooked, what for, where it is of use,
//! and what is lost without it. Data only; [`attach`](super) carries it out.
//!
//! The rows stand together by the path that a request takes. The order of attaching follows from the
//! roles ([`in_order`]).

use dio_trace_ebpf::filesystems::{BTRFS, EXT4, F2FS, FUSE, GENERIC, NFS, TMPFS, XFS};

use crate::{
    kernel::attach::{
        hook::{Condition, Hook},
        roles::Role,
    },
    model::Filesystem,
};

#[cfg(test)]
mod tests;

const RESULTS: &str = "results of asynchronous requests";
const EARLY: &str = "requests that the filesystem rejects or serves from the page cache by itself";
const DONE_DIRECTLY: &str =
    "bytes done directly on btrfs and f2fs: their writes appear as buffered";
const OTHER_ENGINES: &str = "direct I/O of FAT and other filesystems that are not on iomap";

/// A function that every kernel has, and every machine needs.
const fn always(
    function: &'static str,
    role: Role,
    gives: &'static str,
    lost: &'static str,
) -> Hook {
    Hook {
        function,
        module: None,
        role,
        condition: Condition::Always,
        essential: false,
        optional: false,
        gives,
        lost,
    }
}

/// A `ki_complete` function.
const fn completion(function: &'static str) -> Hook {
    always(
        function,
        Role::Completion,
        RESULTS,
        "results of asynchronous requests: such requests are not counted",
    )
}

/// A `ki_complete` function of a module, which some kernels do not have.
const fn module_completion(function: &'static str, module: &'static str) -> Hook {
    Hook {
        module: Some(module),
        ..optional(completion(function))
    }
}

/// A filesystem's `read_iter` or `write_iter`.
const fn filesystem(function: &'static str, filesystem: &'static Filesystem) -> Hook {
    Hook {
        module: filesystem.module,
        condition: Condition::Filesystem(filesystem),
        ..always(
            function,
            Role::Request,
            "whole requests, early rejections, fallback to the page cache",
            EARLY,
        )
    }
}

/// The direct reads of XFS, which its buffered reads do not pass. Their results are seen here without
/// an exit of `iomap_dio_rw`, which some kernels follow only for few concurrent calls. Where that exit
/// is followed, one hook less saves a tenth of the cost.
const fn xfs_direct_read(function: &'static str) -> Hook {
    Hook {
        module: XFS.module,
        condition: Condition::ReturnsMissed {
            filesystem: &XFS,
            function: "iomap_dio_rw",
        },
        ..optional(always(
            function,
            Role::Request,
            "direct reads",
            "nothing, as long as iomap_dio_rw is seen",
        ))
    }
}

/// Filesystems that call `__iomap_dio_rw` and `iomap_dio_complete` themselves: btrfs for writes.
const COMPLETE_THEMSELVES: &[Filesystem] = &[BTRFS, F2FS];

/// A function of one of [`COMPLETE_THEMSELVES`], in place of two of iomap's, which all requests of all
/// filesystems pass. iomap calls it by its address, so that it is never inlined.
const fn reporting(
    function: &'static str,
    role: Role,
    filesystem: &'static Filesystem,
    arguments: u32,
) -> Hook {
    Hook {
        module: filesystem.module,
        condition: Condition::ReportsDirectBytes {
            filesystem,
            arguments,
        },
        ..optional(always(
            function,
            role,
            "bytes done directly by a filesystem that completes iomap requests itself",
            DONE_DIRECTLY,
        ))
    }
}

/// A function of iomap for those of [`COMPLETE_THEMSELVES`] that report nothing themselves.
const fn unreported(function: &'static str, role: Role, gives: &'static str) -> Hook {
    Hook {
        condition: Condition::DoesNotReport(COMPLETE_THEMSELVES),
        ..always(function, role, gives, DONE_DIRECTLY)
    }
}

/// An engine of NFS or FUSE, which ask for no alignment.
const fn server_engine(function: &'static str, filesystem: &'static Filesystem) -> Hook {
    Hook {
        module: filesystem.module,
        condition: Condition::Filesystem(filesystem),
        ..optional(always(
            function,
            Role::ServerEngine,
            "bytes passed to the server without the page cache",
            "bytes done directly: such requests appear as buffered",
        ))
    }
}

/// A function by which FUSE has another filesystem do a request (from 6.9).
const fn passed_on(function: &'static str) -> Hook {
    Hook {
        module: FUSE.module,
        condition: Condition::Filesystem(&FUSE),
        ..optional(always(
            function,
            Role::PassedOn,
            "requests of FUSE that another filesystem's file carries",
            "such requests appear twice, once as buffered",
        ))
    }
}

const fn optional(hook: Hook) -> Hook {
    Hook {
        optional: true,
        ..hook
    }
}

const fn essential(hook: Hook) -> Hook {
    Hook {
        essential: true,
        ..hook
    }
}

/// Every hook.
pub(in crate::kernel) const PLAN: &[Hook] = &[
    // Results, as `abi::settings::COMPLETIONS` lists them.
    completion("aio_complete_rw"),
    completion("io_complete_rw"),
    completion("io_complete_rw_iopoll"),
    module_completion("lo_rw_aio_complete", "loop"),
    module_completion("ovl_aio_rw_complete", "overlay"),
    optional(completion("backing_aio_rw_complete")),
    module_completion("ovl_aio_queue_completion", "overlay"),
    optional(completion("backing_aio_queue_completion")),
    // Every request.
    always(
        "block_bio_queue",
        Role::BioQueue,
        "bios of each request",
        "numbers of bios, and whether an error came late",
    ),
    always(
        "block_split",
        Role::BioSplit,
        "split bios of each request",
        "numbers of split bios",
    ),
    Hook {
        condition: Condition::ChosenProcesses,
        ..always(
            "sched_process_fork",
            Role::ProcessFork,
            "descendants of the traced processes",
            "requests of child processes",
        )
    },
    // iomap.
    essential(always(
        "iomap_dio_rw",
        Role::IomapEngine,
        "direct I/O of XFS, ext4 and all others on iomap",
        "direct reads of XFS, and what other filesystems do directly",
    )),
    optional(always(
        "__iomap_dio_read_simple",
        Role::IomapSimpleEngine,
        "small reads of XFS and ext4",
        "small reads of XFS, and small direct reads of ext4",
    )),
    unreported(
        "iomap_dio_complete",
        Role::IomapComplete,
        "bytes done directly by filesystems that complete iomap requests themselves",
    ),
    unreported(
        "__iomap_dio_rw",
        Role::IomapInner,
        "entry into iomap by filesystems that complete requests themselves",
    ),
    // Filesystems that are not on iomap.
    optional(always(
        "__blockdev_direct_IO",
        Role::LegacyEngine,
        OTHER_ENGINES,
        OTHER_ENGINES,
    )),
    // The page cache, and files that are no longer there.
    optional(always(
        "direct_write_fallback",
        Role::Fallback,
        "what the page cache does of a direct write to a raw device, FUSE and others",
        "such requests appear as short, or as done directly",
    )),
    always(
        "generic_shutdown_super",
        Role::SuperblockEnd,
        "the end of a filesystem, whose files are then no longer known",
        "files of a new filesystem on a disk may be shown with the paths of older ones",
    ),
    // Memory as a disk.
    Hook {
        condition: Condition::Dax,
        ..optional(always(
            "dax_iomap_rw",
            Role::DaxEngine,
            "direct I/O of files on DAX devices",
            "direct reads of files on DAX devices",
        ))
    },
    // Raw devices.
    always(
        "blkdev_direct_IO",
        Role::BlockDeviceEngine,
        "bytes done directly on raw block devices",
        "bytes done directly on raw devices",
    ),
    essential(always(
        "blkdev_read_iter",
        Role::Request,
        "whole requests on raw block devices",
        EARLY,
    )),
    always(
        "blkdev_write_iter",
        Role::Request,
        "whole requests on raw block devices",
        EARLY,
    ),
    // XFS.
    xfs_direct_read("xfs_file_dio_read"),
    // Its name up to 5.10.
    xfs_direct_read("xfs_file_dio_aio_read"),
    filesystem("xfs_file_write_iter", &XFS),
    // ext4.
    filesystem("ext4_file_read_iter", &EXT4),
    filesystem("ext4_file_write_iter", &EXT4),
    // btrfs.
    reporting("btrfs_dio_submit_io", Role::BtrfsSubmit, &BTRFS, 3),
    // Its name in 6.1; where it has other arguments, iomap's functions are hooked.
    reporting("btrfs_submit_direct", Role::BtrfsSubmit, &BTRFS, 3),
    filesystem("btrfs_file_read_iter", &BTRFS),
    filesystem("btrfs_file_write_iter", &BTRFS),
    // f2fs.
    reporting("f2fs_dio_read_end_io", Role::IomapEnd, &F2FS, 4),
    reporting("f2fs_dio_write_end_io", Role::IomapEnd, &F2FS, 4),
    filesystem("f2fs_file_read_iter", &F2FS),
    filesystem("f2fs_file_write_iter", &F2FS),
    // FUSE.
    Hook {
        role: Role::ServerInner,
        ..server_engine("fuse_direct_io", &FUSE)
    },
    passed_on("fuse_passthrough_read_iter"),
    passed_on("fuse_passthrough_write_iter"),
    server_engine("fuse_direct_IO", &FUSE),
    server_engine("fuse_direct_read_iter", &FUSE),
    server_engine("fuse_direct_write_iter", &FUSE),
    filesystem("fuse_file_read_iter", &FUSE),
    filesystem("fuse_file_write_iter", &FUSE),
    // NFS.
    server_engine("nfs_file_direct_read", &NFS),
    server_engine("nfs_file_direct_write", &NFS),
    filesystem("nfs_file_read", &NFS),
    filesystem("nfs_file_write", &NFS),
    // Filesystems on the generic functions: a hole that a direct write does not fill ends in the page
    // cache, after their engine has returned.
    optional(filesystem("generic_file_write_iter", &GENERIC)),
    // tmpfs takes `O_DIRECT` from 6.6 on, and serves it from memory; the second function came then.
    optional(filesystem("shmem_file_read_iter", &TMPFS)),
    optional(filesystem("shmem_file_write_iter", &TMPFS)),
];

/// The hooks in the order of attaching: by phase of their roles, and within one as they stand in the
/// plan.
pub(in crate::kernel) fn in_order() -> Vec<&'static Hook> {
    let mut hooks: Vec<&Hook> = PLAN.iter().collect();
    hooks.sort_by_key(|hook| hook.role.phase());
    hooks
}

/// Modules whose types the probes read without hooking a function of them.
const ONLY_TYPES: [&str; 1] = ["dm_mod"];

/// Modules that the plan names functions of, and those whose types are read, each once. Their BTF is
/// read.
pub(in crate::kernel) fn modules() -> Vec<&'static str> {
    let mut modules: Vec<&str> = ONLY_TYPES.to_vec();
    for module in PLAN.iter().filter_map(|hook| hook.module) {
        if !modules.contains(&module) {
            modules.push(module);
        }
    }
    modules
}
