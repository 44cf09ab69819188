//! Requests that `io_uring` may not wait for, and issues again from a worker.

use dio_trace_ebpf::abi::{
    request::{Request, state},
    signals,
};

use crate::bpf::{
    base::{
        globals::layout,
        kind::ProgramKind,
        pointer::{Access, KernelPtr},
    },
    facts::iovec,
    request::pairs::pair_due,
    tables::{losses::raise, threads},
};

/// Whether a request that waits to be issued again is the one that is issued now: its kiocb may also
/// have been reused for another one.
#[inline(always)]
pub(in crate::bpf) fn is_issued_again<A: Access>(
    request: &Request,
    kiocb: KernelPtr<A>,
    iter: KernelPtr<A>,
) -> bool {
    request.state & state::RETRY != 0 && is_same(request, kiocb, iter)
}

#[inline(always)]
pub(in crate::bpf) fn is_same<A: Access>(
    request: &Request,
    kiocb: KernelPtr<A>,
    iter: KernelPtr<A>,
) -> bool {
    request.file == kiocb.read::<u64>(layout!(kiocb_ki_filp))
        && request.geometry.length == iovec::count(iter)
}

/// `io_uring` will issue the request again. Userspace removes those that it never does.
#[inline(always)]
pub(in crate::bpf) fn wait_for_retry(request: &mut Request) {
    request.state |= state::RETRY;
    raise(signals::RETRIES);
}

#[inline(always)]
pub(in crate::bpf) fn issue_again<P: ProgramKind>(request: &mut Request, thread: u64, kiocb: u64) {
    request.state = request.state & !state::RETRY | pair_due::<P>();
    request.outer = threads::enter::<P>(thread, kiocb);
}
