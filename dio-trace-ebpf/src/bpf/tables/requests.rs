//! The rows of requests in flight: found, taken and given up by the address of a request's kiocb.

use dio_trace_ebpf::{
    abi::{request::Request, row::Row},
    words::LossCause,
};

use crate::bpf::{
    base::kind::ProgramKind,
    tables::{losses::lost, maps::REQUESTS},
};

/// The request of a kiocb.
#[inline(always)]
pub(in crate::bpf) fn find(kiocb: u64) -> Option<&'static mut Request> {
    find_row(kiocb).map(|row| &mut row.request)
}

/// The row of a kiocb.
#[inline(always)]
pub(in crate::bpf) fn find_row(kiocb: u64) -> Option<&'static mut Row> {
    // SAFETY: a row is touched by the thread that submits the request and, after that, by its
    // completion; map values live on.
    REQUESTS.find(kiocb).map(|row| unsafe { &mut *row })
}

/// Forgets the request of a kiocb.
#[inline(always)]
pub(in crate::bpf) fn forget(kiocb: u64, request: &mut Request) {
    // A request is what its row begins with.
    REQUESTS.release(kiocb, (&raw mut *request).cast());
}

/// The row of a kiocb, and whether there was one already; a new one holds whatever was there before.
#[inline(always)]
pub(in crate::bpf) fn find_or_claim<P: ProgramKind>(
    kiocb: u64,
) -> Option<(&'static mut Row, bool)> {
    let Some((row, found)) = REQUESTS.find_or_claim::<P>(kiocb) else {
        lost(LossCause::InFlightFull);
        return None;
    };
    // SAFETY: as in `find`; every field is an integer or an array of integers.
    Some((unsafe { &mut *row }, found))
}
