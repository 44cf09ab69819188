//! What direct I/O engines do of a request that a filesystem or a device has begun.

use dio_trace_ebpf::{
    abi::request::{Request, state},
    words::{Engine, Interface, Operation},
};

use crate::bpf::{
    base::{
        globals::{has, layout, setting},
        pointer::{Access, KernelPtr},
    },
    tables::{
        requests::find,
        threads::{self, current_request},
    },
};

/// Flags of `iomap_dio_rw` (include/linux/iomap.h, from 5.15, 6.19 and 7.0): macros, so not in BTF.
const IOMAP_DIO_FORCE_WAIT: u32 = 1 << 0;
const IOMAP_DIO_FSBLOCK_ALIGNED: u32 = 1 << 3;
const IOMAP_DIO_BOUNCE: u32 = 1 << 4;
const ENOTBLK: i64 = 15;

/// [`state`] bits that the flags of `iomap_dio_rw` stand for.
#[inline(always)]
pub(in crate::bpf) fn marks(request: &Request, dio_flags: u32) -> u32 {
    let forced = if setting!(dio_flags_are_wait) == 0 {
        dio_flags & IOMAP_DIO_FORCE_WAIT != 0
    } else if request.interface == Interface::Sync as u8 {
        // Every synchronous request waits. XFS locks the file for part of a block
        // (`xfs_file_dio_aio_write`, up to 5.14); so does ext4.
        let block = request.origin.limits.filesystem_block_size.wrapping_sub(1);
        (request.geometry.offset as u32 | request.geometry.length as u32) & block != 0
    } else {
        dio_flags & 0xff != 0
    };
    let forced = if forced { state::FORCED_WAIT } else { 0 };
    forced | engine_marks(dio_flags)
}

/// The same of those flags that say what the engine does with memory and blocks.
#[inline(always)]
fn engine_marks(dio_flags: u32) -> u32 {
    if setting!(dio_flags_are_wait) != 0 {
        return 0;
    }
    let has = |flag: u32, mark: u32| if dio_flags & flag != 0 { mark } else { 0 };
    has(IOMAP_DIO_BOUNCE, state::COPIED) | has(IOMAP_DIO_FSBLOCK_ALIGNED, state::WHOLE_BLOCKS)
}

/// An engine is entered that only ever runs inside a request whose filesystem or device is seen to
/// begin and to end it.
#[inline(always)]
pub(in crate::bpf) fn enter_inside<A: Access>(kiocb: KernelPtr<A>, engine: Engine) {
    if let Some(request) = find(kiocb.address()) {
        mark_direct(request, kiocb, engine);
        request.state |= state::IN_ENGINE;
    }
}

/// Such an engine returns.
#[inline(always)]
pub(in crate::bpf) fn leave_inside(kiocb: u64, result: i64) {
    if let Some(request) = find(kiocb) {
        leave_engine(request, result);
    }
}

/// An engine inside a filesystem or a device returns. Its result counts from the request's start.
#[inline(always)]
pub(in crate::bpf) fn leave_engine(request: &mut Request, result: i64) {
    request.state &= !state::IN_ENGINE;
    if result == -ENOTBLK {
        // `kiocb_invalidate_pages` says so. What a filesystem cannot do directly ends in 0 bytes, or
        // in fewer than asked for (`__iomap_dio_rw`).
        request.state |= state::CACHE_BUSY;
    }
    if result > 0 {
        has_done(request, result as u64);
    }
}

/// An engine is entered that has no exit of its own; it only marks a request that is owned.
/// `dio_flags` is the fifth argument of `__iomap_dio_rw`.
#[inline(always)]
pub(in crate::bpf) fn enter_inner<A: Access>(kiocb: KernelPtr<A>, engine: Engine, dio_flags: u32) {
    if let Some(request) = find(kiocb.address()) {
        mark_direct(request, kiocb, engine);
        request.state |= engine_marks(dio_flags);
    }
}

/// An engine of a server is entered in the running thread, inside the request that it submits.
#[inline(always)]
pub(in crate::bpf) fn enter_server() {
    if let Some(kiocb) = threads::current()
        && let Some(request) = find(kiocb)
        && request.state & state::NO_RULE != 0
    {
        mark_direct(request, KernelPtr::at(kiocb), Engine::Server);
        request.state |= state::IN_ENGINE;
    }
}

/// A filesystem passes the request on to a file of another filesystem, with a kiocb of its own: that
/// one is the request.
#[inline(always)]
pub(in crate::bpf) fn passed_on(kiocb: u64) {
    if let Some(request) = find(kiocb) {
        request.state |= state::PASSED_ON;
    }
}

/// The page cache did what was left of a direct write; the engine `direct` bytes or, negative, none.
#[inline(always)]
pub(in crate::bpf) fn fell_back(kiocb: u64, direct: i64) {
    if let Some(request) = find(kiocb) {
        request.state |= state::FELL_BACK;
        request.direct_bytes = if direct > 0 { direct as u64 } else { 0 };
    }
}

/// A request is in an engine.
#[inline(always)]
pub(in crate::bpf) fn mark_direct<A: Access>(
    request: &mut Request,
    kiocb: KernelPtr<A>,
    engine: Engine,
) {
    let state = request.state;
    if state & state::DIRECT == 0 {
        // An appending write learns its place only inside the filesystem.
        request.geometry.offset = kiocb.read(layout!(kiocb_ki_pos));
    }
    request.engine = engine as u8;
    request.state = state | state::DIRECT;
}

/// Bytes done by an engine whose own return value does not tell (`__iomap_dio_rw`).
#[inline(always)]
pub(in crate::bpf) fn engine_done(kiocb: u64, bytes: u64) {
    if let Some(request) = find(kiocb) {
        has_done(request, bytes);
    }
}

/// An engine is done with a request that its filesystem completes itself: with `size` bytes, unless
/// there is an `error`.
#[inline(always)]
pub(in crate::bpf) fn engine_ended<A: Access>(kiocb: KernelPtr<A>, size: u64, error: i32) {
    let Some(request) = find(kiocb.address()) else {
        return;
    };
    mark_direct(request, kiocb, Engine::Iomap);
    if error == 0 {
        has_done(request, size);
    }
}

/// The running thread passes a bio of a request on that its filesystem completes itself: a write.
#[inline(always)]
pub(in crate::bpf) fn submitted<A: Access>(bio: KernelPtr<A>, file_offset: u64) {
    let Some(request) = current_request() else {
        return;
    };
    if request.operation != Operation::Write as u8 {
        // The exit of `iomap_dio_rw` tells.
        return;
    }
    if request.state & state::DIRECT == 0 {
        // As in `mark_direct`.
        request.geometry.offset = file_offset;
        request.state |= state::DIRECT;
    }
    request.engine = Engine::Iomap as u8;
    if has!(iomap_dio_flags) && has!(bio_bi_private) {
        // Until btrfs takes the bio over, it is that of a `struct iomap_dio`.
        let dio = bio.probed().follow(layout!(bio_bi_private));
        request.state |= engine_marks(dio.read(layout!(iomap_dio_flags)));
    }
    // Bios follow upon one another in the file. Not added up: this program may be attached twice.
    let size = bio.read::<u32>(layout!(bio_bi_iter) + layout!(bvec_iter_bi_size));
    let done = (file_offset + u64::from(size)).wrapping_sub(request.geometry.offset);
    has_done(request, done);
}

/// So many bytes are done directly, from the request's start.
#[inline(always)]
fn has_done(request: &mut Request, bytes: u64) {
    if bytes > request.direct_bytes {
        request.direct_bytes = bytes;
    }
}
