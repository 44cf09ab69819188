//! The rows of requests in flight, by the address of a request's kiocb.

use core::ptr::NonNull;

use dio_trace_ebpf::{
    abi::{request::Request, row::Row},
    memory::InMap,
    words::LossCause,
};

use crate::bpf::{
    base::kind::ProgramKind,
    tables::{losses::lost, maps::REQUESTS},
};

/// The request of a kiocb, see [`find_row`].
#[inline(always)]
pub(in crate::bpf) fn find(kiocb: u64) -> Option<&'static mut Request> {
    find_row(kiocb).map(|row| &mut row.request)
}

/// The row of a kiocb.
///
/// Two programs may hold the same row: the one at the completion of a request, and those of the thread
/// that still returns from its submission. So what decides the verdict is written before the kernel gets
/// to submit, or by the completion itself. All that the others still write is a mark, or a number of
/// bios, which the completion may miss. If it has given the row up and another request has taken it,
/// they find it only if that request has the same kiocb; then the thread has the wrong request in its row
/// until its next one begins, see [`threads::enter`](super::threads::enter).
#[inline(always)]
pub(in crate::bpf) fn find_row(kiocb: u64) -> Option<&'static mut Row> {
    REQUESTS.find(kiocb).map(borrow)
}

/// A row as the program writes it.
#[inline(always)]
fn borrow(row: InMap<Row>) -> &'static mut Row {
    // SAFETY: the memory stays. It is not exclusive, as `find_row` says: the compiler may think that
    // no one else writes there between two accesses, and nothing here would notice if it did.
    unsafe { &mut *row.as_ptr() }
}

/// Releases the row of a kiocb's request.
#[inline(always)]
pub(in crate::bpf) fn release(kiocb: u64, request: &'static mut Request) {
    // SAFETY: a request that is borrowed for good lies in a row, which begins with it: only `borrow`
    // lends one.
    unsafe {
        let row = InMap::new(NonNull::from(request).cast());
        REQUESTS.release(kiocb, row);
    }
}

/// The row of a kiocb, and whether there was one already. A new one holds whatever was there before.
#[inline(always)]
pub(in crate::bpf) fn find_or_claim<P: ProgramKind>(
    kiocb: u64,
) -> Option<(&'static mut Row, bool)> {
    let Some((row, found)) = REQUESTS.find_or_claim::<P>(kiocb) else {
        lost(LossCause::InFlightFull);
        return None;
    };
    Some((borrow(row), found))
}
