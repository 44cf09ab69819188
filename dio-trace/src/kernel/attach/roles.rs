//! The roles of hooks: the part of a request that each sees, and the programs that it needs.

/// The part of a request that a hook sees. It decides the programs that the hook needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::kernel) enum Role {
    /// A `read_iter`/`write_iter`: the whole request, with early rejections and fallback.
    Request,
    /// `iomap_dio_rw`.
    IomapEngine,
    /// `__iomap_dio_rw`, which filesystems call that complete by themselves.
    IomapInner,
    /// `iomap_dio_complete`.
    IomapComplete,
    /// A filesystem's `iomap_dio_ops.end_io`, which `iomap_dio_complete` calls with the result.
    IomapEnd,
    /// btrfs' `iomap_dio_ops.submit_io`, which iomap calls with each bio.
    BtrfsSubmit,
    /// `__iomap_dio_read_simple`.
    IomapSimpleEngine,
    /// `blkdev_direct_IO`.
    BlockDeviceEngine,
    /// `__blockdev_direct_IO`.
    LegacyEngine,
    /// Engines of NFS and FUSE.
    ServerEngine,
    /// `fuse_direct_io`, inside a request of FUSE.
    ServerInner,
    /// Functions by which FUSE passes a request on to a file of another filesystem.
    PassedOn,
    /// `direct_write_fallback`: from an engine to the page cache.
    Fallback,
    /// `dax_iomap_rw`.
    DaxEngine,
    /// `generic_shutdown_super`.
    SuperblockEnd,
    /// A `ki_complete` function.
    Completion,
    /// `block_bio_queue`.
    BioQueue,
    /// `block_split`.
    BioSplit,
    /// `sched_process_fork`.
    ProcessFork,
}

/// The programs of a role, by way of attaching. The exit program of fexit depends on the number of
/// arguments.
pub(in crate::kernel) struct RolePrograms {
    pub(in crate::kernel) fentry: Option<&'static str>,
    pub(in crate::kernel) fexit: &'static [(u32, &'static str)],
    pub(in crate::kernel) kprobe: Option<&'static str>,
    pub(in crate::kernel) kretprobe: Option<&'static str>,
    /// Whether the entry programs walk over segments by `bpf_loop` (5.17): where the kernel has none,
    /// there is no fentry.
    pub(in crate::kernel) walks_segments: bool,
    /// Whether kprobe and kretprobe are other ones, [`BOUNDED`], where the kernel has no `bpf_loop`.
    pub(in crate::kernel) bounded: bool,
    /// For tracepoints: with BTF and without, by number of the tracepoint's arguments.
    pub(in crate::kernel) tracepoint: &'static [(u32, &'static str, &'static str)],
}

/// Ending of the kprobes and kretprobes for kernels without `bpf_loop` (5.17): they do without it, and
/// without what fills slots.
pub(in crate::kernel) const BOUNDED: &str = "_bounded";

/// The small program that passes on to this one, where several functions share it.
pub(in crate::kernel) fn passes_on_to(program: &str) -> &'static str {
    match program {
        "request_entry" => "shared_request_entry",
        "request_exit_2" => "shared_request_exit",
        _ => "shared",
    }
}

const NONE: RolePrograms = RolePrograms {
    fentry: None,
    fexit: &[],
    kprobe: None,
    kretprobe: None,
    walks_segments: false,
    bounded: false,
    tracepoint: &[],
};

const ENGINE_EXITS: &[(u32, &str)] = &[
    (2, "engine_exit_2"),
    (3, "engine_exit_3"),
    (5, "engine_exit_5"),
    (6, "engine_exit_6"),
    (7, "engine_exit_7"),
];

/// The order of attaching. What sees the end of a request, or something inside it, is attached before
/// what sees its beginning: no request is then seen to begin whose end could not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::kernel) enum Phase {
    /// Results of asynchronous requests.
    Completions,
    /// Events inside a request, and new threads.
    Inside,
    /// Direct I/O engines: they note the bytes, and begin requests that no filesystem's hook saw.
    Engines,
    /// Whole requests.
    Requests,
}

impl Role {
    /// When hooks of this role are attached.
    pub(in crate::kernel) const fn phase(self) -> Phase {
        match self {
            Self::Completion => Phase::Completions,
            Self::BioQueue
            | Self::BioSplit
            | Self::ProcessFork
            | Self::BtrfsSubmit
            | Self::IomapEnd
            | Self::IomapComplete
            | Self::IomapInner
            | Self::ServerInner
            | Self::PassedOn
            | Self::Fallback
            | Self::SuperblockEnd => Phase::Inside,
            Self::IomapEngine
            | Self::IomapSimpleEngine
            | Self::BlockDeviceEngine
            | Self::LegacyEngine
            | Self::ServerEngine
            | Self::DaxEngine => Phase::Engines,
            Self::Request => Phase::Requests,
        }
    }

    /// Whether hooks of this role are tracepoints, not functions.
    pub(in crate::kernel) const fn is_tracepoint(self) -> bool {
        !self.programs().tracepoint.is_empty()
    }

    /// The programs of this role.
    pub(in crate::kernel) const fn programs(self) -> RolePrograms {
        const fn engine(fentry: &'static str, kprobe: &'static str) -> RolePrograms {
            RolePrograms {
                fentry: Some(fentry),
                fexit: ENGINE_EXITS,
                kprobe: Some(kprobe),
                kretprobe: Some("engine_exit_kretprobe"),
                walks_segments: true,
                bounded: true,
                ..NONE
            }
        }
        const fn entry_only(fentry: &'static str, kprobe: &'static str) -> RolePrograms {
            RolePrograms {
                fentry: Some(fentry),
                kprobe: Some(kprobe),
                ..NONE
            }
        }
        match self {
            Self::Request => RolePrograms {
                fentry: Some("request_entry"),
                fexit: &[(2, "request_exit_2")],
                kprobe: Some("request_entry_kprobe"),
                kretprobe: Some("request_exit_kretprobe"),
                walks_segments: true,
                bounded: true,
                ..NONE
            },
            Self::IomapEngine => engine("iomap_entry", "iomap_entry_kprobe"),
            Self::IomapSimpleEngine => engine("iomap_simple_entry", "iomap_simple_entry_kprobe"),
            Self::ServerEngine => RolePrograms {
                fexit: &[(2, "blkdev_exit_2")],
                kretprobe: Some("blkdev_exit_kretprobe"),
                ..entry_only("server_entry", "server_entry_kprobe")
            },
            Self::ServerInner => RolePrograms {
                fexit: &[(4, "server_inner_exit_4")],
                kretprobe: Some("blkdev_exit_kretprobe"),
                ..entry_only("server_inner_entry", "server_inner_entry_kprobe")
            },
            Self::PassedOn => entry_only("passed_on", "passed_on_kprobe"),
            Self::Fallback => entry_only("fallback", "fallback_kprobe"),
            Self::DaxEngine => engine("dax_entry", "dax_entry_kprobe"),
            Self::SuperblockEnd => entry_only("superblock_end", "superblock_end_kprobe"),
            Self::BlockDeviceEngine => RolePrograms {
                fentry: Some("blkdev_entry"),
                fexit: &[(2, "blkdev_exit_2")],
                kprobe: Some("blkdev_entry_kprobe"),
                kretprobe: Some("blkdev_exit_kretprobe"),
                ..NONE
            },
            Self::LegacyEngine => engine("legacy_entry", "legacy_entry_kprobe"),
            Self::IomapInner => entry_only("iomap_inner_entry", "iomap_inner_entry_kprobe"),
            Self::IomapComplete => entry_only("iomap_complete", "iomap_complete_kprobe"),
            Self::IomapEnd => entry_only("iomap_end", "iomap_end_kprobe"),
            Self::BtrfsSubmit => entry_only("btrfs_submit", "btrfs_submit_kprobe"),
            Self::Completion => RolePrograms {
                bounded: true,
                ..entry_only("completion", "completion_kprobe")
            },
            Self::BioQueue => RolePrograms {
                tracepoint: &[
                    (1, "bio_queue_0", "bio_queue_0_raw"),
                    (2, "bio_queue_1", "bio_queue_1_raw"),
                ],
                ..NONE
            },
            Self::BioSplit => RolePrograms {
                tracepoint: &[
                    (2, "bio_split", "bio_split_raw"),
                    (3, "bio_split", "bio_split_raw"),
                ],
                ..NONE
            },
            Self::ProcessFork => RolePrograms {
                tracepoint: &[(2, "process_fork", "process_fork_raw")],
                ..NONE
            },
        }
    }
}
