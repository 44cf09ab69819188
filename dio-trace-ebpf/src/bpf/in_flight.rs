//! Requests in flight: one row each, whatever the kernel does inside.
//!
//! The outermost probe that sees a request's `kiocb` owns it: a filesystem's `read_iter` or
//! `write_iter` where one is attached, else the direct I/O engine. Engines that run inside an owned
//! request only add what they did. An asynchronous request ends in the completion that its kiocb
//! names, not in the probe that saw it begin.

use core::mem::offset_of;

use aya_ebpf::{helpers::bpf_ktime_get_boot_ns, programs::tracing::StackIdContext};
use aya_log_ebpf::debug;
use dio_trace_ebpf::{
    abi::{
        request::{Request, level, state},
        row::Row,
    },
    rules::Route,
    verifier,
    words::{Interface, LossCause, Operation},
};

use super::{
    busy,
    counters::{lost, orphan},
    direct::{leave_engine, mark_direct},
    finish::finish,
    globals::{layout, setting},
    iovec,
    kiocb::{interface, is_followed, is_refusal_to_wait, original, will_be_issued_again},
    memory::{Kernel, clear},
    owner,
    pairs::{is_seen, pair_due},
    parties,
    retry::{is_issued_again, is_same, issue_again, wait_for_retry},
    rows::{find, find_or_claim, find_row, forget},
    stacks,
};

/// `IOCB_DIRECT` (include/linux/fs.h): a macro, so not in BTF; the same from 5.10 to 7.3.
const IOCB_DIRECT: u32 = 1 << 17;
/// `IOMAP_DIO_FORCE_WAIT` and `IOMAP_DIO_BOUNCE` (include/linux/iomap.h, from 5.15 and from 7.0).
const IOMAP_DIO_FORCE_WAIT: u32 = 1 << 0;
const IOMAP_DIO_BOUNCE: u32 = 1 << 4;
/// The kernel's own code for "the result comes later" (include/linux/errno.h).
const EIOCBQUEUED: i64 = 529;
const ENOTBLK: i64 = 15;

/// Tells a raw device's request that no engine was seen for.
const IN_RAW_DEVICE: u16 = state::RAW_DEVICE | state::DIRECT;

/// Whether a request is one of direct I/O, at the moment.
#[inline(always)]
pub(super) fn is_direct<const TRACING: bool>(kiocb: Kernel<TRACING>) -> bool {
    kiocb.read::<u32>(layout!(kiocb_ki_flags)) & IOCB_DIRECT != 0
}

/// A filesystem's or device's `read_iter`/`write_iter` is entered. `BOUNDED` as in
/// [`iovec::capture`].
#[inline(always)]
pub(super) fn enter_file<C: StackIdContext, const TRACING: bool, const BOUNDED: bool>(
    ctx: &C,
    kiocb: Kernel<TRACING>,
    iter: Kernel<TRACING>,
) {
    if !is_direct(kiocb) {
        if !TRACING {
            enter_no_longer_direct::<TRACING, BOUNDED>(kiocb, iter);
        }
        return;
    }
    let thread = owner::current_thread();
    let length = iovec::count(iter);
    if !owner::is_traced(thread) || length == 0 {
        return;
    }
    let key = kiocb.0 as u64;
    let Some((row, found)) = find_or_claim::<BOUNDED>(key) else {
        return;
    };
    if found {
        let request = &mut row.request;
        if is_issued_again(request, kiocb, iter) {
            issue_again::<TRACING, BOUNDED>(request, thread, key);
            return;
        }
        if is_seen(request) {
            return;
        }
        lost(LossCause::RequestUnfinished);
    }
    begin::<_, TRACING, BOUNDED>(ctx, row, kiocb, (iter, length), level::FILE, thread);
}

/// A filesystem may take `IOCB_DIRECT` off a request that it cannot do directly
/// (`ext4_dio_read_iter`), and `io_uring` issues it again like that. A kretprobe knows its request
/// only by what the thread is busy with.
#[inline(always)]
fn enter_no_longer_direct<const TRACING: bool, const BOUNDED: bool>(
    kiocb: Kernel<TRACING>,
    iter: Kernel<TRACING>,
) {
    let key = kiocb.0 as u64;
    if let Some(request) = find(key)
        && request.interface == Interface::IoUring as u8
        && is_same(request, kiocb, iter)
    {
        issue_again::<TRACING, BOUNDED>(request, owner::current_thread(), key);
    }
}

/// A direct I/O engine is entered. `dio_flags` is the fifth argument of
/// `iomap_dio_rw`, 0 for the others.
#[inline(always)]
pub(super) fn enter_engine<C: StackIdContext, const TRACING: bool, const BOUNDED: bool>(
    ctx: &C,
    kiocb: Kernel<TRACING>,
    iter: Kernel<TRACING>,
    route: Route,
    dio_flags: u32,
) {
    let thread = owner::current_thread();
    let key = kiocb.0 as u64;
    let length = iovec::count(iter);
    let wanted = owner::is_traced(thread) && length != 0;
    let row = if wanted {
        find_or_claim::<BOUNDED>(key)
    } else {
        find_row(key).map(|row| (row, true))
    };
    let Some((row, found)) = row else {
        return;
    };
    let mut new = !found;
    if found {
        let request = &mut row.request;
        if is_issued_again(request, kiocb, iter) {
            issue_again::<TRACING, BOUNDED>(request, thread, key);
        } else if !is_seen(request) && !is_inside(request, kiocb) {
            lost(LossCause::RequestUnfinished);
            if !wanted {
                return;
            }
            new = true;
        }
    }
    if new {
        begin::<_, TRACING, BOUNDED>(ctx, row, kiocb, (iter, length), level::ENGINE, thread);
    }
    let request = &mut row.request;
    mark_direct(request, kiocb, route);
    request.state |= marks(request, dio_flags) | state::IN_ENGINE;
}

/// Whether an engine is entered inside this request, whose filesystem was seen to begin it. What
/// else has this kiocb is a request whose end was not seen.
#[inline(always)]
fn is_inside<const TRACING: bool>(request: &Request, kiocb: Kernel<TRACING>) -> bool {
    request.level == level::FILE
        && request.file == kiocb.read::<u64>(layout!(kiocb_ki_filp))
        && busy::current() == Some(kiocb.0 as u64)
}

/// [`state`] bits that the flags of `iomap_dio_rw` stand for.
#[inline(always)]
fn marks(request: &Request, dio_flags: u32) -> u16 {
    let forced = if setting!(dio_flags_are_wait) == 0 {
        dio_flags & IOMAP_DIO_FORCE_WAIT != 0
    } else if request.interface == Interface::Sync as u8 {
        // Every synchronous request waits. XFS locks the file for part of a block
        // (`xfs_file_dio_aio_write`, up to 5.14); so does ext4.
        let block = request.parties.limits.filesystem_block_size.wrapping_sub(1);
        (request.geometry.offset as u32 | request.geometry.length as u32) & block != 0
    } else {
        dio_flags & 0xff != 0
    };
    let copied = setting!(dio_flags_are_wait) == 0 && dio_flags & IOMAP_DIO_BOUNCE != 0;
    let forced = if forced { state::FORCED_WAIT } else { 0 };
    forced | if copied { state::COPIED } else { 0 }
}

/// A probed function returns `result` for `kiocb`. `BOUNDED` as in [`finish`].
#[inline(always)]
pub(super) fn leave<const TRACING: bool, const BOUNDED: bool>(
    kiocb: Kernel<TRACING>,
    at: u8,
    result: i64,
) {
    let key = kiocb.0 as u64;
    let Some(request) = find(key) else {
        leave_unknown(kiocb, at, result);
        return;
    };
    if request.level != at {
        if at == level::ENGINE {
            leave_engine(request, result);
        }
        return;
    }
    let thread = owner::current_thread();
    if TRACING && busy::was_left(thread, key) {
        return;
    }
    busy::leave::<TRACING>(thread, key, request.outer);
    if at == level::ENGINE && result == -ENOTBLK {
        // Not taken by this engine: the filesystem goes on with another, or with the page cache.
        forget(key, request);
        return;
    }
    if result == -EIOCBQUEUED {
        if !is_followed(kiocb.read(layout!(kiocb_ki_complete))) {
            lost(LossCause::RequestUnfinished);
            forget(key, request);
        }
        return;
    }
    if at == level::ENGINE && result > 0 {
        request.direct_bytes = result as u64;
    }
    if at == level::FILE && request.state & state::IN_ENGINE != 0 {
        // How the engine ended was not seen: the best guess is that it did all.
        lost(LossCause::ProbeMissed);
        if result > 0 {
            request.direct_bytes = result as u64;
        }
    }
    if is_refusal_to_wait(result) && request.interface == Interface::IoUring as u8 {
        if let Some(original) = original(kiocb) {
            if will_be_issued_again(original) {
                // overlayfs will pass it on with a new kiocb.
                forget(key, request);
                return;
            }
        } else if will_be_issued_again(kiocb) {
            wait_for_retry(request);
            return;
        }
    }
    end::<TRACING, BOUNDED>(kiocb, request, result);
}

/// A probed function returns for a kiocb that has no row.
#[inline(always)]
fn leave_unknown<const TRACING: bool>(kiocb: Kernel<TRACING>, at: u8, result: i64) {
    let key = kiocb.0 as u64;
    if !TRACING {
        busy::leave::<false>(owner::current_thread(), key, 0);
        return;
    }
    // The engine of a request that completed before its submission returned: its filesystem is next.
    if !is_direct(kiocb) || at == level::ENGINE {
        return;
    }
    let thread = owner::current_thread();
    if busy::was_left(thread, key) {
        return;
    }
    if busy::current() == Some(key) {
        // It completed before its submission returned.
        busy::leave::<true>(thread, key, 0);
        return;
    }
    // Nobody saw it begin. Requests for nothing have no row, and a result of 0.
    if result != 0 && owner::is_traced(thread) {
        orphan();
    }
}

/// `ki_complete` is called: the result of an asynchronous request. `BOUNDED` as in [`finish`].
#[inline(always)]
pub(super) fn complete<const TRACING: bool, const BOUNDED: bool>(
    kiocb: Kernel<TRACING>,
    result: i64,
) {
    let Some(request) = find(kiocb.0 as u64) else {
        return;
    };
    if result > 0 && request.state & state::DIRECT != 0 {
        request.direct_bytes = result as u64;
    }
    // Issued again only where the submitter itself is told so (`io_rw_should_reissue`).
    if is_refusal_to_wait(result)
        && request.interface == Interface::IoUring as u8
        && (owner::current_thread() >> 32) as u32 == request.parties.pid
        && original(kiocb).is_none()
        && will_be_issued_again(kiocb)
    {
        wait_for_retry(request);
        return;
    }
    end::<TRACING, BOUNDED>(kiocb, request, result);
}

/// A request begins, in a row that may hold anything.
#[inline(always)]
fn begin<C: StackIdContext, const TRACING: bool, const BOUNDED: bool>(
    ctx: &C,
    row: &mut Row,
    kiocb: Kernel<TRACING>,
    (iter, length): (Kernel<TRACING>, u64),
    at: u8,
    thread: u64,
) {
    let key = kiocb.0 as u64;
    let request = &mut row.request;
    // SAFETY: all that lies in front of its parties, which is written as a whole, and its segments,
    // which are valid only as far as they are counted, are integers.
    unsafe {
        let start = &raw mut *request;
        clear::<{ offset_of!(Request, parties) / size_of::<u64>() }>(start.cast());
    }
    // SAFETY: takes no arguments.
    request.time = unsafe { bpf_ktime_get_boot_ns() };
    request.level = at;
    request.state = pair_due::<TRACING>();
    if at == level::ENGINE {
        // It is read below.
        request.state |= state::DIRECT;
    }
    let write = iovec::is_write(iter);
    request.operation = if write {
        Operation::Write as u8
    } else {
        Operation::Read as u8
    };
    request.interface = interface(kiocb);
    parties::fill::<TRACING, BOUNDED>(request, thread, kiocb.follow(layout!(kiocb_ki_filp)));
    let offset = kiocb.read(layout!(kiocb_ki_pos));
    iovec::capture::<TRACING, BOUNDED>(row, iter, length, offset, key);
    let request = &mut row.request;
    stacks::take(ctx, request);
    debug!(
        ctx,
        "begin kiocb {:x} level {} tid {} offset {} length {}",
        key,
        at,
        request.parties.tid,
        request.geometry.offset,
        request.geometry.length
    );
    request.outer = busy::enter::<BOUNDED>(thread, key);
}

#[inline(always)]
fn end<const TRACING: bool, const BOUNDED: bool>(
    kiocb: Kernel<TRACING>,
    request: &mut Request,
    result: i64,
) {
    if result > 0 && request.bios != 0 && request.state & IN_RAW_DEVICE == state::RAW_DEVICE {
        // Compilers put `blkdev_direct_IO` into its caller (block/fops.c, 6.1), where no probe
        // sees it. A raw device does all directly, save what it cannot keep out of the page cache.
        request.route = Route::BlockDevice as u8;
        request.direct_bytes = result as u64;
    }
    // Of which the verifier knew what it was compared with, and would walk the end for each.
    let unknown = request.time;
    finish::<TRACING, BOUNDED>(request, verifier::forget(result as u64, unknown) as i64);
    forget(kiocb.0 as u64, request);
}
