//! A request while it is in flight, and as it is sent when it is done.

use bytemuck::{Pod, Zeroable};

use super::file::FileId;
use crate::rules::{Geometry, Limits, Segment};

/// Segments that are kept one by one; alignments cover all of them, up to
/// [`SEGMENTS_EXAMINED`].
pub const SEGMENTS_KEPT: usize = 16;

/// Segments that are looked at: `IOV_MAX`, the most that a system call takes.
pub const SEGMENTS_EXAMINED: u32 = 1024;

/// On kernels without `bpf_loop` (5.17), segments that one program looks at before it passes the
/// rest on: the verifier walks a loop round by round.
pub const SEGMENTS_AT_A_TIME: u32 = 32;

/// Name of the program that goes on with the rest, and of the map that leads to it.
pub const WALKER: (&str, &str) = ("walk_segments_kprobe", "WALKER");

/// [`Request::offending_index`] where no segment behind the kept ones offends.
pub const NO_OFFENDER: u32 = u32::MAX;

/// Which probe owns a request: the outermost that saw it.
pub mod level {
    /// A filesystem's or device's `read_iter`/`write_iter`.
    pub const FILE: u8 = 1;
    /// A direct I/O engine: no file-level probe is needed, or none could be attached.
    pub const ENGINE: u8 = 2;
}

/// [`Request::state`] bits.
pub mod state {
    /// `io_uring` was told to wait, and will issue the request again from a worker.
    pub const RETRY: u16 = 1;
    /// A direct I/O engine was entered.
    pub const DIRECT: u16 = 2;
    /// `IOMAP_DIO_BOUNCE` (from 7.0): the data is copied.
    pub const COPIED: u16 = 4;
    /// The filesystem has no alignment rule (tmpfs, NFS, FUSE).
    pub const NO_RULE: u16 = 8;
    /// The device takes every vector for a whole page (zram).
    pub const WHOLE_PAGE_DEVICE: u16 = 16;
    /// The file's memory could not be read: its shape is not fully known.
    pub const UNREADABLE: u16 = 32;
    /// There were more segments than are examined ([`SEGMENTS_EXAMINED`](super::SEGMENTS_EXAMINED)).
    pub const TRUNCATED: u16 = 64;
    /// The filesystem had the engine wait for the device although the program did not ask for it
    /// (`IOMAP_DIO_FORCE_WAIT`): XFS and ext4 do so while they hold the file's lock alone.
    pub const FORCED_WAIT: u16 = 128;
    /// The filesystem does directly only what is aligned to its own blocks, memory included
    /// (`check_direct_IO` of btrfs); everything else goes through the page cache.
    pub const BLOCK_RULE: u16 = 256;
    /// The file is a raw block device.
    pub const RAW_DEVICE: u16 = 512;
    /// The other program of a pair has yet to see this call
    /// ([`Settings::pairs`](super::super::settings::Settings::pairs)).
    pub const PAIR_DUE: u16 = 1024;
    /// An engine was entered whose exit will tell the bytes it did, and has not yet.
    pub const IN_ENGINE: u16 = 2048;
    /// As [`PAIR_DUE`], for the programs that see bios queued.
    pub const BIO_DUE: u16 = 4096;
    /// As [`PAIR_DUE`], for the programs that see bios split.
    pub const SPLIT_DUE: u16 = 8192;
}

/// Who makes a request, and of which file: the same for many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Parties {
    /// Control group at submission.
    pub cgroup: u64,
    /// Which file.
    pub id: FileId,
    /// Name of the thread group leader, NUL-padded.
    pub comm: [u8; 16],
    /// Name of the thread, NUL-padded.
    pub thread: [u8; 16],
    /// A number for all that requests are told apart by when they are counted
    /// ([`parties_number`](super::counters::parties_number)).
    pub number: u64,
    /// Thread group at submission.
    pub pid: u32,
    /// Thread at submission.
    pub tid: u32,
    /// User at submission.
    pub uid: u32,
    /// Limits of the file's device.
    pub limits: Limits,
    /// Number of that device, as the kernel's `dev_t`.
    pub disk: u32,
    /// [`state`] bits that follow from the file.
    pub state: u16,
    /// Zero.
    pub reserved: [u8; 2],
}

/// A request in flight, keyed by the address of its `struct kiocb`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Request {
    /// Submission, nanoseconds of `CLOCK_BOOTTIME`.
    pub time: u64,
    /// Address of its `struct file`.
    pub file: u64,
    /// Size of the file or device at submission, bytes.
    pub file_size: u64,
    /// Address of the `struct kiocb` that this thread was busy with before, 0 for none.
    pub outer: u64,
    /// Bytes done by direct I/O engines so far.
    pub direct_bytes: u64,
    /// Address of the bio that was queued last.
    pub bio: u64,
    /// Its shape.
    pub geometry: Geometry,
    /// Bios submitted for it.
    pub bios: u32,
    /// Bios split for it.
    pub splits: u32,
    /// How many of `segments` are in use.
    pub segments_kept: u32,
    /// Index of the segment in the last slot of `segments`, or [`NO_OFFENDER`].
    pub offending_index: u32,
    /// Stack id of the program, negative for none.
    pub user_stack: i32,
    /// Stack id of the kernel, negative for none.
    pub kernel_stack: i32,
    /// [`Operation`](crate::words::Operation) number.
    pub operation: u8,
    /// [`Interface`](crate::words::Interface) number.
    pub interface: u8,
    /// [`Route`](crate::rules::Route) number.
    pub route: u8,
    /// [`level`] of the probe that owns it.
    pub level: u8,
    /// [`state`] bits.
    pub state: u16,
    /// Zero.
    pub reserved: [u8; 2],
    /// Who makes it, and of which file.
    pub parties: Parties,
    /// The first segments; behind them the first one that offends and is not among them.
    pub segments: [Segment; SEGMENTS_KEPT + 1],
}

/// A finished request with its verdict.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct RequestEvent {
    /// [`EventKind::Request`](super::EventKind::Request).
    pub kind: u32,
    /// [`Verdict`](crate::words::Verdict) number.
    pub verdict: u32,
    /// The request.
    pub request: Request,
    /// Bytes done, or a negative errno.
    pub result: i64,
    /// Nanoseconds from submission to result.
    pub latency: u64,
    /// [`Reasons`](crate::words::Reasons) bits.
    pub reasons: u32,
    /// [`Flags`](crate::words::Flags) bits.
    pub flags: u32,
}
