//! Requests that `io_uring` is told to wait with, and issues again from a worker.

use dio_trace_ebpf::abi::{
    news,
    request::{Request, state},
};

use crate::bpf::{
    base::{globals::layout, pointer::Kernel},
    facts::iovec,
    request::pairs::pair_due,
    tables::{losses::tell, threads},
};

/// Whether a request that waits to be issued again is the one that is issued now: its kiocb may
/// also have been put to new use.
#[inline(always)]
pub(in crate::bpf) fn is_issued_again<const TRACING: bool>(
    request: &Request,
    kiocb: Kernel<TRACING>,
    iter: Kernel<TRACING>,
) -> bool {
    request.state & state::RETRY != 0 && is_same(request, kiocb, iter)
}

#[inline(always)]
pub(in crate::bpf) fn is_same<const TRACING: bool>(
    request: &Request,
    kiocb: Kernel<TRACING>,
    iter: Kernel<TRACING>,
) -> bool {
    request.file == kiocb.read::<u64>(layout!(kiocb_ki_filp))
        && request.geometry.length == iovec::count(iter)
}

/// `io_uring` will issue the request again; userspace sees to those that it does not.
#[inline(always)]
pub(in crate::bpf) fn wait_for_retry(request: &mut Request) {
    request.state |= state::RETRY;
    tell(news::RETRIES);
}

#[inline(always)]
pub(in crate::bpf) fn issue_again<const TRACING: bool, const BOUNDED: bool>(
    request: &mut Request,
    thread: u64,
    kiocb: u64,
) {
    request.state = request.state & !state::RETRY | pair_due::<TRACING>();
    request.outer = threads::enter::<BOUNDED>(thread, kiocb);
}
