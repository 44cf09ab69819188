//! What direct I/O engines do of a request that a filesystem or a device has begun.

use dio_trace_ebpf::{
    abi::request::{Request, state},
    rules::Route,
    words::Operation,
};

use crate::bpf::{
    base::{
        globals::layout,
        pointer::{Access, KernelPtr},
    },
    tables::{requests::find, threads::current_request},
};

/// An engine is entered that only ever runs inside a request whose filesystem or device is seen to
/// begin and to end it.
#[inline(always)]
pub(in crate::bpf) fn enter_inside<A: Access>(kiocb: KernelPtr<A>, route: Route) {
    if let Some(request) = find(kiocb.address()) {
        mark_direct(request, kiocb, route);
        request.state |= state::IN_ENGINE;
    }
}

/// Such an engine returns.
#[inline(always)]
pub(in crate::bpf) fn leave_inside(kiocb: u64, result: i64) {
    if let Some(request) = find(kiocb) {
        leave_engine(request, result);
    }
}

/// An engine inside a filesystem or a device returns. Its result counts from the request's start.
#[inline(always)]
pub(in crate::bpf) fn leave_engine(request: &mut Request, result: i64) {
    request.state &= !state::IN_ENGINE;
    if result > 0 {
        has_done(request, result as u64);
    }
}

/// An engine is entered that has no exit of its own; it only marks a request that is owned.
#[inline(always)]
pub(in crate::bpf) fn enter_inner<A: Access>(kiocb: KernelPtr<A>, route: Route) {
    if let Some(request) = find(kiocb.address()) {
        mark_direct(request, kiocb, route);
    }
}

/// A request is in an engine.
#[inline(always)]
pub(in crate::bpf) fn mark_direct<A: Access>(
    request: &mut Request,
    kiocb: KernelPtr<A>,
    route: Route,
) {
    let state = request.state;
    if state & state::DIRECT == 0 {
        // An appending write learns its place only inside the filesystem.
        request.geometry.offset = kiocb.read(layout!(kiocb_ki_pos));
    }
    request.route = route as u8;
    request.state = state | state::DIRECT;
}

/// Bytes done by an engine whose own return value does not tell (`__iomap_dio_rw`).
#[inline(always)]
pub(in crate::bpf) fn engine_done(kiocb: u64, bytes: u64) {
    if let Some(request) = find(kiocb) {
        has_done(request, bytes);
    }
}

/// An engine is done with a request that its filesystem completes itself: with `size` bytes, unless
/// there is an `error`.
#[inline(always)]
pub(in crate::bpf) fn engine_ended<A: Access>(kiocb: KernelPtr<A>, size: u64, error: i32) {
    let Some(request) = find(kiocb.address()) else {
        return;
    };
    mark_direct(request, kiocb, Route::Iomap);
    if error == 0 {
        has_done(request, size);
    }
}

/// The running thread passes a bio of a request on that its filesystem completes itself: a write.
#[inline(always)]
pub(in crate::bpf) fn submitted<A: Access>(bio: KernelPtr<A>, file_offset: u64) {
    let Some(request) = current_request() else {
        return;
    };
    if request.operation != Operation::Write as u8 {
        // The exit of `iomap_dio_rw` tells.
        return;
    }
    if request.state & state::DIRECT == 0 {
        // As in `mark_direct`.
        request.geometry.offset = file_offset;
        request.state |= state::DIRECT;
    }
    request.route = Route::Iomap as u8;
    // Bios follow upon one another in the file. Not added up: this program may be attached twice.
    let size = bio.read::<u32>(layout!(bio_bi_iter) + layout!(bvec_iter_bi_size));
    let done = (file_offset + u64::from(size)).wrapping_sub(request.geometry.offset);
    has_done(request, done);
}

/// So many bytes are done directly, from the request's start.
#[inline(always)]
fn has_done(request: &mut Request, bytes: u64) {
    if bytes > request.direct_bytes {
        request.direct_bytes = bytes;
    }
}
