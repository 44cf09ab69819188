//! Engines inside a request that a filesystem or a device has begun: the way it takes, and the bytes done.

use dio_trace_ebpf::{
    abi::request::{Request, state},
    lifecycle::{EngineFlags, has_done, leave_engine},
    words::{Engine, Operation},
};

use crate::bpf::{
    base::{
        globals::{has, layout, setting},
        pointer::{Access, KernelPtr},
    },
    tables::{
        requests::find,
        threads::{self, current_request},
    },
};

/// The flags that an engine is entered with.
#[inline(always)]
pub(in crate::bpf) fn flags(argument: u32) -> EngineFlags {
    EngineFlags {
        argument,
        are_wait: setting!(dio_flags_are_wait) != 0,
    }
}

/// An engine is entered that only runs inside requests whose filesystem or device is hooked at both
/// ends.
#[inline(always)]
pub(in crate::bpf) fn enter_inside<A: Access>(kiocb: KernelPtr<A>, engine: Engine) {
    if let Some(request) = find(kiocb.address()) {
        mark_direct(request, kiocb, engine);
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

/// An engine without an exit of its own is entered: it only marks a request that another probe owns.
/// `dio_flags` is the fifth argument of `__iomap_dio_rw`.
#[inline(always)]
pub(in crate::bpf) fn enter_inner<A: Access>(kiocb: KernelPtr<A>, engine: Engine, dio_flags: u32) {
    if let Some(request) = find(kiocb.address()) {
        mark_direct(request, kiocb, engine);
        request.state |= flags(dio_flags).treatment();
    }
}

/// An engine of a server is entered in the running thread, inside the request that it submits.
#[inline(always)]
pub(in crate::bpf) fn enter_server() {
    if let Some(kiocb) = threads::current()
        && let Some(request) = find(kiocb)
        && request.state & state::NO_RULE != 0
    {
        mark_direct(request, KernelPtr::at(kiocb), Engine::Server);
        request.state |= state::IN_ENGINE;
    }
}

/// A filesystem passes the request on to a file of another filesystem, with a kiocb of its own. That one
/// is counted as the request.
#[inline(always)]
pub(in crate::bpf) fn passed_on(kiocb: u64) {
    if let Some(request) = find(kiocb) {
        request.state |= state::PASSED_ON;
    }
}

/// The page cache did the rest of a direct write. The engine did `direct` bytes; none if negative.
#[inline(always)]
pub(in crate::bpf) fn fell_back(kiocb: u64, direct: i64) {
    if let Some(request) = find(kiocb) {
        request.state |= state::FELL_BACK;
        request.direct_bytes = if direct > 0 { direct as u64 } else { 0 };
    }
}

/// A request is in an engine.
#[inline(always)]
pub(in crate::bpf) fn mark_direct<A: Access>(
    request: &mut Request,
    kiocb: KernelPtr<A>,
    engine: Engine,
) {
    let state = request.state;
    if state & state::DIRECT == 0 {
        // An appending write gets its offset only inside the filesystem.
        request.geometry.offset = kiocb.read(layout!(kiocb_ki_pos));
    }
    request.engine = engine as u8;
    request.state = state | state::DIRECT;
}

/// Bytes done by an engine whose return value does not say so (`__iomap_dio_rw`).
#[inline(always)]
pub(in crate::bpf) fn engine_done(kiocb: u64, bytes: u64) {
    if let Some(request) = find(kiocb) {
        has_done(request, bytes);
    }
}

/// An engine has finished a request that its filesystem completes itself: `size` bytes, unless there is
/// an `error`.
#[inline(always)]
pub(in crate::bpf) fn engine_ended<A: Access>(kiocb: KernelPtr<A>, size: u64, error: i32) {
    let Some(request) = find(kiocb.address()) else {
        return;
    };
    mark_direct(request, kiocb, Engine::Iomap);
    if error == 0 {
        has_done(request, size);
    }
}

/// The running thread submits a bio of a write that its filesystem completes itself.
#[inline(always)]
pub(in crate::bpf) fn submitted<A: Access>(bio: KernelPtr<A>, file_offset: u64) {
    let Some(request) = current_request() else {
        return;
    };
    if request.operation != Operation::Write as u8 {
        // The exit of `iomap_dio_rw` reports the bytes.
        return;
    }
    if request.state & state::DIRECT == 0 {
        // As in `mark_direct`.
        request.geometry.offset = file_offset;
        request.state |= state::DIRECT;
    }
    request.engine = Engine::Iomap as u8;
    if has!(iomap_dio_flags) && has!(bio_bi_private) {
        // Until btrfs takes over the bio, its private data is a `struct iomap_dio`.
        let dio = bio.probed().follow(layout!(bio_bi_private));
        request.state |= flags(dio.read(layout!(iomap_dio_flags))).treatment();
    }
    // Bios follow one another in the file. Not added up: this program may be attached twice.
    let size = bio.read::<u32>(layout!(bio_bi_iter) + layout!(bvec_iter_bi_size));
    let done = (file_offset + u64::from(size)).wrapping_sub(request.geometry.offset);
    has_done(request, done);
}
