//! Waking userspace, which waits for the ring buffer.

use aya_ebpf::bindings::{BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP};

use crate::bpf::{
    base::globals::setting,
    tables::maps::{EVENTS, EVENTS_SIZE},
};

/// Wake-up flag for one entry of the ring buffer. A wake-up costs thousands of instructions, and
/// userspace looks four times a second anyway. So it is woken only if the buffer is a quarter full, or
/// if stacks are taken: symbols must be read before the process exits.
#[inline(always)]
pub(in crate::bpf) fn for_entry() -> u64 {
    /// `BPF_RB_AVAIL_DATA`: bytes that are waiting.
    const WAITING: u64 = 0;
    if setting!(stacks) != 0 {
        0
    } else if EVENTS.query(WAITING) > u64::from(EVENTS_SIZE / 4) {
        u64::from(BPF_RB_FORCE_WAKEUP)
    } else {
        u64::from(BPF_RB_NO_WAKEUP)
    }
}

/// Wakes userspace without an entry. If the buffer is full, it is awake already.
#[inline(always)]
pub(in crate::bpf) fn now() {
    if let Some(entry) = EVENTS.reserve::<u64>(0) {
        entry.discard(u64::from(BPF_RB_FORCE_WAKEUP));
    }
}
