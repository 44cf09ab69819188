//! A request while it is in flight, and as it is sent when it is done.

use bytemuck::{Pod, Zeroable};

use super::file::FileId;
use crate::rules::{AtomicUnits, Geometry, Limits, Segment};

/// Segments that are kept one by one; alignments cover all of them, up to
/// [`SEGMENTS_EXAMINED`].
pub const SEGMENTS_KEPT: usize = 16;

/// Segments that are examined: `IOV_MAX`, the most that a system call takes.
pub const SEGMENTS_EXAMINED: u32 = 1024;

/// On kernels without `bpf_loop` (5.17), segments that one program examines before it passes the rest
/// on: the verifier walks a loop round by round.
pub const SEGMENTS_AT_A_TIME: u32 = 32;

/// Name of the program that continues with the rest, and of the map that holds it.
pub const WALKER: (&str, &str) = ("walk_segments_kprobe", "WALKER");

/// [`Request::offending_index`] if no segment after the kept ones is misaligned.
pub const NO_OFFENDER: u32 = u32::MAX;

/// The probe that owns a request: the outermost one that saw it.
pub mod level {
    /// A filesystem's or device's `read_iter`/`write_iter`.
    pub const FILE: u8 = 1;
    /// A direct I/O engine: no file-level probe is needed, or none could be attached.
    pub const ENGINE: u8 = 2;
}

/// [`Request::state`] bits.
pub mod state {
    use crate::words::Flag;

    /// `io_uring` got a refusal to wait, and will issue the request again from a worker.
    pub const RETRY: u32 = 1 << 0;
    /// A direct I/O engine was entered.
    pub const DIRECT: u32 = 1 << 1;
    /// `IOMAP_DIO_BOUNCE` (from 7.0): the data is copied.
    pub const COPIED: u32 = 1 << 2;
    /// The filesystem has no alignment rule (tmpfs, NFS, FUSE).
    pub const NO_RULE: u32 = 1 << 3;
    /// The device takes every vector for a whole page (zram).
    pub const WHOLE_PAGE_DEVICE: u32 = 1 << 4;
    /// The file's memory could not be read: its shape is not fully known.
    pub const UNREADABLE: u32 = 1 << 5;
    /// There were more segments than are examined ([`SEGMENTS_EXAMINED`](super::SEGMENTS_EXAMINED)).
    pub const TRUNCATED: u32 = 1 << 6;
    /// The filesystem had the engine wait for the device although the program did not ask for it
    /// (`IOMAP_DIO_FORCE_WAIT`): XFS and ext4 do so while they hold the file's lock alone.
    pub const FORCED_WAIT: u32 = 1 << 7;
    /// The filesystem does directly only what is aligned to its own blocks, memory included
    /// (`check_direct_IO` of btrfs); everything else goes through the page cache.
    pub const BLOCK_RULE: u32 = 1 << 8;
    /// The file is a raw block device.
    pub const RAW_DEVICE: u32 = 1 << 9;
    /// The other program of a pair has yet to see this call
    /// ([`Settings::pairs`](super::super::settings::Settings::pairs)).
    pub const PAIR_DUE: u32 = 1 << 10;
    /// An engine was entered whose exit reports the bytes done, and has not been seen yet.
    pub const IN_ENGINE: u32 = 1 << 11;
    /// As [`PAIR_DUE`], for the programs that see bios queued.
    pub const BIO_DUE: u32 = 1 << 12;
    /// As [`PAIR_DUE`], for the programs that see bios split.
    pub const SPLIT_DUE: u32 = 1 << 13;
    /// The file's device applies its own limits to what it is given: every blk-mq device
    /// (`blk_mq_submit_bio`), and those others that call `bio_split_to_limits` (md, drbd, heads of
    /// `NVMe` multipath). The device mapper and zram, brd, pmem do not.
    pub const DEVICE_LOOKS: u32 = 1 << 14;
    /// An atomic write (`IOCB_ATOMIC`).
    pub const ATOMIC: u32 = 1 << 15;
    /// It ended in `EAGAIN`, and had asked not to wait (`IOCB_NOWAIT`).
    pub const NOWAIT: u32 = 1 << 16;
    /// The file is memory on a DAX device (`S_DAX`): no rule, no page cache.
    pub const DAX: u32 = 1 << 17;
    /// The engine takes whole filesystem blocks only (`IOMAP_DIO_FSBLOCK_ALIGNED`, from 6.19).
    pub const WHOLE_BLOCKS: u32 = 1 << 18;
    /// The page cache did the rest of a direct write (`direct_write_fallback`).
    pub const FELL_BACK: u32 = 1 << 19;
    /// The engine took nothing, since pages of the file could not be dropped (`-ENOTBLK`).
    pub const CACHE_BUSY: u32 = 1 << 20;
    /// The filesystem measures by its own blocks: [`OwnBlocks::Memory`](crate::rules::OwnBlocks).
    pub const OWN_MEMORY: u32 = 1 << 21;
    /// It is [`OwnBlocks::Place`](crate::rules::OwnBlocks) for writes.
    pub const OWN_PLACE: u32 = 1 << 22;
    /// The filesystem may have several devices: a request's bios say which it was.
    pub const MANY_DEVICES: u32 = 1 << 23;
    /// The device's first byte is not that of one of the disk's physical blocks.
    pub const ODD_START: u32 = 1 << 24;
    /// The filesystem passed it on to a file of another one, where it is a request of its own (FUSE
    /// passthrough, from 6.9).
    pub const PASSED_ON: u32 = 1 << 25;
    /// The file's device hands its bios to devices below, and applies no limits of its own to them:
    /// the device mapper, bcache.
    pub const HANDS_DOWN: u32 = 1 << 26;
    /// A mapped device on the way has a target that looks at memory itself, by a rule of its own: it
    /// takes whole sectors only (dm-crypt, dm-integrity, dm-verity), and answers `EIO`.
    pub const TARGET_LOOKS: u32 = 1 << 27;
    /// Its memory came as pages of the kernel's: registered buffers, another part of the kernel.
    pub const PAGES: u32 = 1 << 28;

    /// Bits of a request that may have a flag or another verdict although its shape and its result
    /// are those of an aligned one ([`is_plain`](crate::rules::is_plain)).
    pub const MARKS: u32 = {
        let mut marks = WHOLE_BLOCKS | FELL_BACK;
        let mut flags = Flag::ALL;
        while let [flag, rest @ ..] = flags {
            marks |= marks_of(*flag);
            flags = rest;
        }
        marks
    };

    /// The bits without which a request whose shape and result are those of an aligned one does not
    /// have this flag.
    const fn marks_of(flag: Flag) -> u32 {
        match flag {
            Flag::Copied => COPIED,
            Flag::Unchecked => WHOLE_PAGE_DEVICE,
            Flag::Serialised | Flag::Extends => FORCED_WAIT,
            Flag::Atomic => ATOMIC,
            Flag::ReadModifyWrite => ODD_START,
            // Of failures, and of requests that were not done whole.
            Flag::Short | Flag::Late | Flag::EndOfFile | Flag::WouldBlock => 0,
            // Without bios, which is looked at apart from the state.
            Flag::Hole => 0,
            // Userspace finds it.
            Flag::Probing => 0,
        }
    }
}

/// The owner of a request, and its file. Many requests have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Origin {
    /// Control group at submission.
    pub cgroup: u64,
    /// The file.
    pub id: FileId,
    /// Name of the thread group leader, NUL-padded.
    pub comm: [u8; 16],
    /// Name of the thread, NUL-padded.
    pub thread: [u8; 16],
    /// A hash of everything that counting distinguishes
    /// ([`origin_number`](super::counters::origin_number)).
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
    pub state: u32,
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
    /// Address of the `struct kiocb` that this thread was submitting before, 0 for none.
    pub outer: u64,
    /// Bytes done by direct I/O engines so far.
    pub direct_bytes: u64,
    /// Address of the bio that was queued last.
    pub bio: u64,
    /// Its shape in memory and in the file.
    pub geometry: Geometry,
    /// Bios submitted for it.
    pub bios: u32,
    /// Bios split for it.
    pub splits: u32,
    /// Number of `segments` in use.
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
    /// [`Engine`](crate::words::Engine) number.
    pub engine: u8,
    /// [`level`] of the probe that owns it.
    pub level: u8,
    /// [`state`] bits.
    pub state: u32,
    /// Mask that those devices apply to memory which looked at its bios, those of one device on top of
    /// another together; followed where bios are what is looked at (`dma-segment-late`, and later for
    /// registered buffers).
    pub applied_mask: u32,
    /// The last of them, as the kernel's `dev_t`; 0 for none.
    pub applied_disk: u32,
    /// Its owner and its file.
    pub origin: Origin,
    /// Sizes that can be written atomically there; only with [`state::ATOMIC`].
    pub atomic_units: AtomicUnits,
    /// The first segments; the last slot is for the first misaligned one that is not among them.
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
    /// [`Cause`](crate::words::Cause) number, 0 for none.
    pub cause: u32,
    /// Zero.
    pub reserved: u32,
}
