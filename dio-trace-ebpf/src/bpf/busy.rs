//! What each thread is busy with: the `struct kiocb` of the request it submits at the moment.

use super::{globals::setting, maps::THREADS, owner, rows};

/// A thread's row.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Busy {
    /// The kiocb, 0 for none.
    kiocb: u64,
    /// The kiocb that the first exit program of a pair has just seen the end of, 0 for none.
    left: u64,
}

impl Busy {
    pub(super) const NOTHING: Self = Self { kiocb: 0, left: 0 };
}

/// The row of a thread, which only programs in that thread touch.
#[inline(always)]
fn find(thread: u64) -> Option<&'static mut Busy> {
    // SAFETY: a map value, which lives on, of this thread's own.
    THREADS.find(thread).map(|row| unsafe { &mut *row })
}

/// The kiocb that the running thread is busy with.
#[inline(always)]
pub(super) fn current() -> Option<u64> {
    let kiocb = find(owner::current_thread())?.kiocb;
    (kiocb != 0).then_some(kiocb)
}

/// A thread begins with a kiocb. What it was busy with before is returned, 0 for nothing. `HASHED` as
/// in [`Table::find_or_claim`](super::slots::Table::find_or_claim).
#[inline(always)]
pub(super) fn enter<const HASHED: bool>(thread: u64, kiocb: u64) -> u64 {
    let Some((row, found)) = THREADS.find_or_claim::<HASHED>(thread) else {
        return 0;
    };
    // SAFETY: as in `find`.
    let busy = unsafe { &mut *row };
    if !found {
        *busy = Busy { kiocb, left: 0 };
        return 0;
    }
    let outer = busy.kiocb;
    *busy = Busy { kiocb, left: 0 };
    // What has no row is over, and its end was not seen here.
    if outer == 0 || outer == kiocb || rows::find(outer).is_none() {
        0
    } else {
        outer
    }
}

/// A thread is done with a kiocb, and goes on with `outer`. `PAIRED` programs leave a note for each
/// other.
#[inline(always)]
pub(super) fn leave<const PAIRED: bool>(thread: u64, kiocb: u64, outer: u64) {
    let Some(busy) = find(thread) else {
        return;
    };
    let note = PAIRED && setting!(pairs) != 0;
    if note || outer != 0 {
        *busy = Busy {
            kiocb: outer,
            left: if note { kiocb } else { 0 },
        };
    } else if busy.kiocb == kiocb {
        THREADS.release(thread, busy);
    }
}

/// Whether the other exit program of the pair has seen this end already.
#[inline(always)]
pub(super) fn was_left(thread: u64, kiocb: u64) -> bool {
    if setting!(pairs) == 0 {
        return false;
    }
    let Some(busy) = find(thread) else {
        return false;
    };
    if busy.left != kiocb {
        return false;
    }
    if busy.kiocb == 0 {
        THREADS.release(thread, busy);
    } else {
        busy.left = 0;
    }
    true
}
