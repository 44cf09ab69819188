//! Waking userspace, which waits for the ring buffer.

use aya_ebpf::bindings::{BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP};

use crate::bpf::{
    base::globals::setting,
    tables::maps::{EVENTS, EVENTS_SIZE},
};

/// Whether it is woken for an entry, as a flag of the ring buffer: that costs thousands of
/// instructions and more on its side. It looks by itself a few times a second, so only where the
/// buffer could be full by then, or where the process' own files are needed to name its call stacks,
/// before it ends.
#[inline(always)]
pub(in crate::bpf) fn for_entry() -> u64 {
    /// `BPF_RB_AVAIL_DATA`: bytes that wait.
    const WAITING: u64 = 0;
    if setting!(stacks) != 0 {
        0
    } else if EVENTS.query(WAITING) > u64::from(EVENTS_SIZE / 4) {
        u64::from(BPF_RB_FORCE_WAKEUP)
    } else {
        u64::from(BPF_RB_NO_WAKEUP)
    }
}

/// Wakes it without telling anything. Where the buffer is full it is awake already.
#[inline(always)]
pub(in crate::bpf) fn now() {
    if let Some(entry) = EVENTS.reserve::<u64>(0) {
        entry.discard(u64::from(BPF_RB_FORCE_WAKEUP));
    }
}
