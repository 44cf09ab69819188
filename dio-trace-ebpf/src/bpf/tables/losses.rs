//! Counters of losses and signals to userspace.

use dio_trace_ebpf::words::LossCause;

use crate::bpf::{
    base::map::Values,
    tables::maps::{LOSSES, SIGNALS, UNMATCHED_ENDS},
};

/// Counts a loss.
///
/// Not inlined, like everything that is rare and used in many places: the time to load a program grows
/// with the square of its length.
#[inline(never)]
pub(in crate::bpf) fn lost(cause: LossCause) {
    if let Some(counter) = LOSSES.value(cause as u32) {
        counter.add(1);
    }
}

/// Counts a request whose end was seen but not its beginning: it began before the trace, or the kernel
/// skipped the probes. Userspace distinguishes the two.
#[inline(always)]
pub(in crate::bpf) fn count_unmatched_end() {
    if let Some(counter) = UNMATCHED_ENDS.value(0) {
        counter.add(1);
    }
}

/// Asks userspace to look at something: a slot of [`signals`](dio_trace_ebpf::abi::signals).
#[inline(never)]
pub(in crate::bpf) fn raise(slot: u32) {
    if let Some(signal) = SIGNALS.value(slot) {
        signal.write(1);
    }
}
