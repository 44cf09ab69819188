//! The `struct kiocb` that each thread submits at the moment.

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use dio_trace_ebpf::{abi::request::Request, field, memory::InMap};

use crate::bpf::{
    base::{globals::setting, kind::ProgramKind},
    tables::{maps::THREADS, requests, values::CurrentKiocb},
};

/// The running thread: thread group in the upper half, thread in the lower.
#[inline(always)]
pub(in crate::bpf) fn current_thread() -> u64 {
    bpf_get_current_pid_tgid()
}

/// Gives up the row of a thread.
#[inline(always)]
fn release(thread: u64, row: InMap<CurrentKiocb>) {
    // SAFETY: every caller has just found it.
    unsafe { THREADS.release(thread, row) };
}

/// The kiocb that the running thread submits.
#[inline(always)]
pub(in crate::bpf) fn current() -> Option<u64> {
    let kiocb = field!(THREADS.find(current_thread())?, kiocb).read();
    (kiocb != 0).then_some(kiocb)
}

/// The request of the running thread.
#[inline(always)]
pub(in crate::bpf) fn current_request() -> Option<&'static mut Request> {
    requests::find(current()?)
}

/// A thread begins to submit a kiocb. Returns the one that it was submitting before, 0 for none.
#[inline(always)]
pub(in crate::bpf) fn enter<P: ProgramKind>(thread: u64, kiocb: u64) -> u64 {
    let Some((row, found)) = THREADS.find_or_claim::<P>(thread) else {
        return 0;
    };
    let outer = if found { field!(row, kiocb).read() } else { 0 };
    row.write(CurrentKiocb { kiocb, left: 0 });
    // A kiocb without a row is finished; its end was not seen here.
    if outer == 0 || outer == kiocb || requests::find(outer).is_none() {
        0
    } else {
        outer
    }
}

/// A thread has submitted a kiocb, and continues with `outer`. Programs that may be attached twice leave
/// a note for each other.
#[inline(always)]
pub(in crate::bpf) fn leave<P: ProgramKind>(thread: u64, kiocb: u64, outer: u64) {
    let Some(row) = THREADS.find(thread) else {
        return;
    };
    let note = P::BTF && setting!(pairs) != 0;
    if note || outer != 0 {
        row.write(CurrentKiocb {
            kiocb: outer,
            left: if note { kiocb } else { 0 },
        });
    } else if field!(row, kiocb).read() == kiocb {
        release(thread, row);
    }
}

/// Whether the other exit program of the pair has seen this end already.
#[inline(always)]
pub(in crate::bpf) fn was_left(thread: u64, kiocb: u64) -> bool {
    if setting!(pairs) == 0 {
        return false;
    }
    let Some(row) = THREADS.find(thread) else {
        return false;
    };
    if field!(row, left).read() != kiocb {
        return false;
    }
    if field!(row, kiocb).read() == 0 {
        release(thread, row);
    } else {
        field!(row, left).write(0);
    }
    true
}
