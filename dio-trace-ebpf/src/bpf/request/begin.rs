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
    lifecycle::is_seen,
    memory::clear_words,
    words::{Engine, Interface, LossCause, Operation},
};

use crate::bpf::{
    base::{
        globals::layout,
        kind::ProgramKind,
        pointer::{Access, KernelPtr},
    },
    facts::{
        filesystem, iovec,
        kiocb::{interface, is_atomic, is_direct},
        origin, owner, stacks,
    },
    request::{
        engine::{flags, mark_direct},
        pairs::pair_due,
        retry::{is_issued_again, is_same, issue_again},
    },
    tables::{
        losses::lost,
        requests::{find, find_or_claim, find_row},
        threads,
    },
};

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

/// A filesystem may clear `IOCB_DIRECT` of a request that it cannot do directly
/// (`ext4_dio_read_iter`), and `io_uring` issues it again without the flag. A kretprobe knows its request
/// only by the kiocb that its thread submits.
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
    engine: Engine,
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
    mark_direct(request, kiocb, engine);
    request.state |= flags(dio_flags).marks(request) | state::IN_ENGINE;
}

/// Whether an engine is entered inside this request, which began in a filesystem's function. If not,
/// the row is that of an older request with the same kiocb, whose end was missed.
#[inline(always)]
fn is_inside<A: Access>(request: &Request, kiocb: KernelPtr<A>) -> bool {
    request.level == level::FILE
        && request.file == kiocb.read::<u64>(layout!(kiocb_ki_filp))
        && threads::current() == Some(kiocb.address())
}

/// Begins a request, in a row that may hold anything.
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
    // SAFETY: all that lies before its origin, which are written as a whole, and its segments, which
    // are valid only as far as they are counted, are words.
    unsafe {
        let start = &raw mut *request;
        clear_words(start.cast(), offset_of!(Request, origin) / size_of::<u64>());
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
    if write && is_atomic(kiocb) {
        request.state |= state::ATOMIC;
        request.atomic_units = filesystem::atomic_units(request);
    }
    iovec::capture::<P>(row, iter, length, offset, key);
    let request = &mut row.request;
    stacks::take(ctx, request);
    debug!(
        ctx,
        "begin kiocb {:x} level {} tid {} offset {} length {}",
        key,
        at,
        request.origin.tid,
        request.geometry.offset,
        request.geometry.length
    );
    request.outer = threads::enter::<P>(thread, key);
}
