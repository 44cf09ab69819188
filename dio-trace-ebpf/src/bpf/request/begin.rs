//! The beginning of a request: one row each, whatever the kernel does inside.
//!
//! The outermost probe that sees a request's `kiocb` owns it: a filesystem's `read_iter` or
//! `write_iter` where one is attached, else the direct I/O engine. Engines that run inside an owned
//! request only add what they did.

use core::mem::offset_of;

use aya_ebpf::{helpers::bpf_ktime_get_boot_ns, programs::tracing::StackIdContext};
use aya_log_ebpf::debug;
use dio_trace_ebpf::{
    abi::{
        request::{Request, level, state},
        row::Row,
    },
    memory::clear_words,
    rules::Route,
    words::{Interface, LossCause, Operation},
};

use crate::bpf::{
    base::{
        globals::{layout, setting},
        kind::ProgramKind,
        pointer::{Access, KernelPtr},
    },
    facts::{
        iovec,
        kiocb::{interface, is_direct},
        origin, owner, stacks,
    },
    request::{
        engine::mark_direct,
        pairs::{is_seen, pair_due},
        retry::{is_issued_again, is_same, issue_again},
    },
    tables::{
        losses::lost,
        requests::{find, find_or_claim, find_row},
        threads,
    },
};

/// `IOMAP_DIO_FORCE_WAIT` and `IOMAP_DIO_BOUNCE` (include/linux/iomap.h, from 5.15 and from 7.0).
const IOMAP_DIO_FORCE_WAIT: u32 = 1 << 0;
const IOMAP_DIO_BOUNCE: u32 = 1 << 4;

/// A filesystem's or device's `read_iter`/`write_iter` is entered.
#[inline(always)]
pub(in crate::bpf) fn enter_file<C: StackIdContext, P: ProgramKind>(
    ctx: &C,
    kiocb: KernelPtr<P::Access>,
    iter: KernelPtr<P::Access>,
) {
    if !is_direct(kiocb) {
        if !P::BTF {
            enter_no_longer_direct::<P>(kiocb, iter);
        }
        return;
    }
    let thread = threads::current_thread();
    let length = iovec::count(iter);
    if !owner::is_traced(thread) || length == 0 {
        return;
    }
    let key = kiocb.address();
    let Some((row, found)) = find_or_claim::<P>(key) else {
        return;
    };
    if found {
        let request = &mut row.request;
        if is_issued_again(request, kiocb, iter) {
            issue_again::<P>(request, thread, key);
            return;
        }
        if is_seen(request) {
            return;
        }
        lost(LossCause::RequestUnfinished);
    }
    begin::<_, P>(ctx, row, kiocb, (iter, length), level::FILE, thread);
}

/// A filesystem may take `IOCB_DIRECT` off a request that it cannot do directly
/// (`ext4_dio_read_iter`), and `io_uring` issues it again like that. A kretprobe knows its request
/// only by what the thread is busy with.
#[inline(always)]
fn enter_no_longer_direct<P: ProgramKind>(kiocb: KernelPtr<P::Access>, iter: KernelPtr<P::Access>) {
    let key = kiocb.address();
    if let Some(request) = find(key)
        && request.interface == Interface::IoUring as u8
        && is_same(request, kiocb, iter)
    {
        issue_again::<P>(request, threads::current_thread(), key);
    }
}

/// A direct I/O engine is entered. `dio_flags` is the fifth argument of
/// `iomap_dio_rw`, 0 for the others.
#[inline(always)]
pub(in crate::bpf) fn enter_engine<C: StackIdContext, P: ProgramKind>(
    ctx: &C,
    kiocb: KernelPtr<P::Access>,
    iter: KernelPtr<P::Access>,
    route: Route,
    dio_flags: u32,
) {
    let thread = threads::current_thread();
    let key = kiocb.address();
    let length = iovec::count(iter);
    let wanted = owner::is_traced(thread) && length != 0;
    let row = if wanted {
        find_or_claim::<P>(key)
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
            issue_again::<P>(request, thread, key);
        } else if !is_seen(request) && !is_inside(request, kiocb) {
            lost(LossCause::RequestUnfinished);
            if !wanted {
                return;
            }
            new = true;
        }
    }
    if new {
        begin::<_, P>(ctx, row, kiocb, (iter, length), level::ENGINE, thread);
    }
    let request = &mut row.request;
    mark_direct(request, kiocb, route);
    request.state |= marks(request, dio_flags) | state::IN_ENGINE;
}

/// Whether an engine is entered inside this request, whose filesystem was seen to begin it. What
/// else has this kiocb is a request whose end was not seen.
#[inline(always)]
fn is_inside<A: Access>(request: &Request, kiocb: KernelPtr<A>) -> bool {
    request.level == level::FILE
        && request.file == kiocb.read::<u64>(layout!(kiocb_ki_filp))
        && threads::current() == Some(kiocb.address())
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

/// A request begins, in a row that may hold anything.
#[inline(always)]
fn begin<C: StackIdContext, P: ProgramKind>(
    ctx: &C,
    row: &mut Row,
    kiocb: KernelPtr<P::Access>,
    (iter, length): (KernelPtr<P::Access>, u64),
    at: u8,
    thread: u64,
) {
    let key = kiocb.address();
    let request = &mut row.request;
    // SAFETY: all that lies before its parties, which are written as a whole, and its segments, which
    // are valid only as far as they are counted, are words.
    unsafe {
        let start = &raw mut *request;
        clear_words(
            start.cast(),
            offset_of!(Request, parties) / size_of::<u64>(),
        );
    }
    // SAFETY: takes no arguments.
    request.time = unsafe { bpf_ktime_get_boot_ns() };
    request.level = at;
    request.state = pair_due::<P>();
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
    origin::fill::<P>(request, thread, kiocb.follow(layout!(kiocb_ki_filp)));
    let offset = kiocb.read(layout!(kiocb_ki_pos));
    iovec::capture::<P>(row, iter, length, offset, key);
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
    request.outer = threads::enter::<P>(thread, key);
}
