//! The end of a request: at the exit of the function that began it or, if it is asynchronous, in the
//! completion that its kiocb names.

use dio_trace_ebpf::{
    abi::request::{Request, level, state},
    lifecycle::{is_refusal_to_wait, is_reissued_at_completion, leave_engine},
    verifier,
    words::{Engine, Interface, LossCause, Operation},
};

use crate::bpf::{
    base::{
        globals::{layout, setting},
        kind::ProgramKind,
        pointer::KernelPtr,
    },
    facts::{
        kiocb::{is_direct, is_followed, original, will_be_issued_again, would_block},
        owner,
    },
    outcome::finish::finish,
    request::retry::wait_for_retry,
    tables::{
        losses::{count_unmatched_end, lost},
        requests::{find, release},
        threads,
    },
};

/// The kernel's own code for "the result comes later" (include/linux/errno.h).
const EIOCBQUEUED: i64 = 529;
const ENOTBLK: i64 = 15;

/// With only the first bit set: a request to a raw device for which no engine was seen.
const IN_RAW_DEVICE: u32 = state::RAW_DEVICE | state::DIRECT | state::FELL_BACK;

/// A probed function returns `result` for `kiocb`.
#[inline(always)]
pub(in crate::bpf) fn leave<P: ProgramKind>(kiocb: KernelPtr<P::Access>, at: u8, result: i64) {
    let key = kiocb.address();
    let Some(request) = find(key) else {
        leave_unknown::<P>(kiocb, at, result);
        return;
    };
    if request.level != at {
        if at == level::ENGINE {
            leave_engine(request, result);
        }
        return;
    }
    let thread = threads::current_thread();
    if P::BTF && threads::was_left(thread, key) {
        return;
    }
    threads::leave::<P>(thread, key, request.outer);
    if request.state & state::PASSED_ON != 0 {
        release(key, request);
        return;
    }
    if at == level::ENGINE && result == -ENOTBLK {
        // Not taken by this engine. A read goes on with another one (`__iomap_dio_read_simple`, 7.3); of a
        // write the page cache takes over, and where the filesystem is not hooked itself, what comes of
        // that is not seen.
        if request.operation == Operation::Write as u8 {
            lost(LossCause::RequestUnfinished);
        }
        release(key, request);
        return;
    }
    if result == -EIOCBQUEUED {
        if !is_followed(kiocb.read(layout!(kiocb_ki_complete))) {
            lost(LossCause::RequestUnfinished);
            release(key, request);
        }
        return;
    }
    if at == level::ENGINE && result > 0 {
        request.direct_bytes = result as u64;
    }
    if at == level::FILE && request.state & state::IN_ENGINE != 0 {
        // The end of the engine was not seen: the best guess is that it did everything.
        lost(LossCause::ProbeMissed);
        if result > 0 {
            request.direct_bytes = result as u64;
        }
    }
    if is_refusal_to_wait(result) && request.interface == Interface::IoUring as u8 {
        if let Some(original) = original(kiocb) {
            if will_be_issued_again(original) {
                // overlayfs will pass it on with a new kiocb.
                release(key, request);
                return;
            }
        } else if will_be_issued_again(kiocb) {
            wait_for_retry(request);
            return;
        }
    }
    if request.state & (state::DIRECT | state::RAW_DEVICE) == 0 {
        // No engine has given it its offset. An appending write has it only now; if the write failed, this
        // is the offset that the kernel checked.
        let place = kiocb.read::<u64>(layout!(kiocb_ki_pos));
        let done = if result > 0 { result as u64 } else { 0 };
        request.geometry.offset = place.wrapping_sub(done);
    }
    end::<P>(kiocb, request, result);
}

/// A probed function returns for a kiocb that has no row.
#[inline(always)]
fn leave_unknown<P: ProgramKind>(kiocb: KernelPtr<P::Access>, at: u8, result: i64) {
    let key = kiocb.address();
    if !P::BTF {
        threads::leave::<P>(threads::current_thread(), key, 0);
        return;
    }
    // The engine of a request that completed before its submission returned: its filesystem returns next.
    if !is_direct(kiocb) || at == level::ENGINE {
        return;
    }
    let thread = threads::current_thread();
    if threads::was_left(thread, key) {
        return;
    }
    if threads::current() == Some(key) {
        // It completed before its submission returned.
        threads::leave::<P>(thread, key, 0);
        return;
    }
    // No probe saw it begin. Requests of 0 bytes have no row, and a result of 0.
    if result != 0 && owner::is_traced(thread) {
        count_unmatched_end();
    }
}

/// `ki_complete` is called: the result of an asynchronous request.
#[inline(always)]
pub(in crate::bpf) fn complete<P: ProgramKind>(kiocb: KernelPtr<P::Access>, result: i64) {
    let Some(request) = find(kiocb.address()) else {
        return;
    };
    if result > 0 && request.state & state::DIRECT != 0 {
        request.direct_bytes = result as u64;
    }
    // Issued again only if the completion runs in the submitting process (`io_rw_should_reissue`).
    if is_reissued_at_completion(result)
        && request.interface == Interface::IoUring as u8
        && (threads::current_thread() >> 32) as u32 == request.origin.pid
        && original(kiocb).is_none()
        && will_be_issued_again(kiocb)
    {
        wait_for_retry(request);
        return;
    }
    end::<P>(kiocb, request, result);
}

#[inline(always)]
fn end<P: ProgramKind>(kiocb: KernelPtr<P::Access>, request: &'static mut Request, result: i64) {
    if would_block(kiocb, result) {
        request.state |= state::NOWAIT;
    }
    if setting!(sees_fallback) != 0
        && result > 0
        && request.bios != 0
        && request.state & IN_RAW_DEVICE == state::RAW_DEVICE
    {
        // Compilers inline `blkdev_direct_IO` into its caller (block/fops.c, 6.1), where no probe sees
        // it. A raw device does everything directly except what `direct_write_fallback` does.
        request.engine = Engine::Block as u8;
        request.direct_bytes = result as u64;
    }
    // `result` was compared with several constants above; without this the verifier would walk `finish`
    // once for each outcome.
    let unknown = request.time;
    finish::<P>(request, verifier::opaque(result as u64, unknown) as i64);
    release(kiocb.address(), request);
}
