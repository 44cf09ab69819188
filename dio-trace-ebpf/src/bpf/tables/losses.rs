//! What userspace learns besides the requests: what was lost, and where it has to look.

use dio_trace_ebpf::words::LossCause;

use crate::bpf::{
    base::map::Values,
    tables::maps::{LOSSES, NEWS, ORPHANS},
};

/// Notes that something was lost.
///
/// Not inlined, as all that is rare and written in many places: what loading a program costs grows
/// with the square of its length.
#[inline(never)]
pub(in crate::bpf) fn lost(cause: LossCause) {
    if let Some(counter) = LOSSES.value(cause as u32) {
        counter.add(1);
    }
}

/// Notes that a request was seen to end but not to begin: it began before the trace, or the kernel
/// skipped the probes. Userspace tells these apart.
#[inline(always)]
pub(in crate::bpf) fn orphan() {
    if let Some(counter) = ORPHANS.value(0) {
        counter.add(1);
    }
}

/// Tells userspace to look at something: a slot of [`news`](dio_trace_ebpf::abi::news).
#[inline(never)]
pub(in crate::bpf) fn tell(slot: u32) {
    if let Some(told) = NEWS.value(slot) {
        told.write(1);
    }
}
