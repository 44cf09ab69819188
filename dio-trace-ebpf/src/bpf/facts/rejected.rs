//! Memory of rejections: the file whose request of a thread was rejected last.
//!
//! A search for an alignment ends in a request that is aligned, and so would only be counted. Userspace
//! has to see it, so the request that follows a rejected one is captured whatever its verdict. The answer
//! is part of the [`cached`] origin, so that other requests cost nothing more: it is looked up once in
//! each tick, and again after it has changed.
//!
//! A thread that moves to another CPU and back within a tick, and is rejected in between, finds the older
//! entry there: its next request is then only counted.

use dio_trace_ebpf::{
    abi::request::{Origin, Request, state},
    verifier::{is_nonzero, low_bits},
    words::Verdict,
};

use crate::bpf::{
    base::map::Values,
    facts::cached,
    tables::maps::{REJECTED, REJECTED_COUNT},
};

/// Adds [`state::AFTER_REJECTION`] to a new origin.
#[inline(always)]
pub(in crate::bpf) fn look(origin: &mut Origin) {
    let Some(place) = REJECTED.value(index(origin)) else {
        return;
    };
    // Without a branch, which the verifier would follow to what comes next.
    let same = is_nonzero(place.read() ^ number(origin)) ^ 1;
    origin.state |= (same as u32).wrapping_neg() & state::AFTER_REJECTION;
}

/// Notes how a request ended, unless it was counted at once.
#[inline(never)]
pub(in crate::bpf) fn note(request: &Request, verdict: u64) -> u32 {
    let rejected = verdict == Verdict::Rejected as u64;
    let known = request.state & state::AFTER_REJECTION != 0;
    if rejected == known {
        return 0;
    }
    let Some(place) = REJECTED.value(index(&request.origin)) else {
        return 0;
    };
    let number = number(&request.origin);
    if rejected {
        place.write(number);
    } else if place.read() == number {
        place.write(0);
    }
    cached::forget(request);
    0
}

#[inline(always)]
fn index(origin: &Origin) -> u32 {
    const LAST: i32 = REJECTED_COUNT as i32 - 1;
    low_bits::<LAST>(u64::from(origin.tid)) as u32
}

/// A number for a thread and a file, never 0.
#[inline(always)]
const fn number(origin: &Origin) -> u64 {
    (origin.number ^ origin.tid as u64) | 1
}
