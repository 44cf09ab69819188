//! What each thread is busy with: the `struct kiocb` of the request it submits at the moment.

use super::{
    globals::setting,
    maps::{BUSY, IN_FLIGHT},
    owner,
};

/// A thread's row.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Busy {
    /// The kiocb, 0 for none.
    kiocb: u64,
    /// The kiocb that the first exit program of a pair has just seen the end of, 0 for none.
    left: u64,
}

/// The kiocb that the running thread is busy with.
#[inline(always)]
pub(super) fn current() -> Option<u64> {
    // SAFETY: a map value of this thread's own.
    let kiocb = unsafe { (*BUSY.get_ptr(owner::current_thread())?).kiocb };
    (kiocb != 0).then_some(kiocb)
}

/// A thread begins with a kiocb. What it was busy with before is returned, 0 for nothing.
#[inline(always)]
pub(super) fn enter(thread: u64, kiocb: u64) -> u64 {
    let outer = current().unwrap_or(0);
    let _ = BUSY.insert(thread, Busy { kiocb, left: 0 }, 0);
    // What has no row is over, and its end was not seen here.
    if outer == kiocb || IN_FLIGHT.get_ptr(outer).is_none() {
        0
    } else {
        outer
    }
}

/// A thread is done with a kiocb, and goes on with `outer`. `PAIRED` programs leave a note for each
/// other.
#[inline(always)]
pub(super) fn leave<const PAIRED: bool>(thread: u64, kiocb: u64, outer: u64) {
    let Some(busy) = BUSY.get_ptr_mut(thread) else {
        return;
    };
    let note = PAIRED && setting!(pairs) != 0;
    if note || outer != 0 {
        // SAFETY: a map value of this thread's own.
        unsafe {
            (*busy).kiocb = outer;
            (*busy).left = if note { kiocb } else { 0 };
        }
    } else if current() == Some(kiocb) {
        let _ = BUSY.remove(thread);
    }
}

/// Whether the other exit program of the pair has seen this end already.
#[inline(always)]
pub(super) fn was_left(thread: u64, kiocb: u64) -> bool {
    if setting!(pairs) == 0 {
        return false;
    }
    let Some(busy) = BUSY.get_ptr_mut(thread) else {
        return false;
    };
    // SAFETY: a map value of this thread's own.
    let Busy { kiocb: now, left } = unsafe { *busy };
    if left != kiocb {
        return false;
    }
    if now == 0 {
        let _ = BUSY.remove(thread);
    } else {
        // SAFETY: as above.
        unsafe { (*busy).left = 0 };
    }
    true
}
