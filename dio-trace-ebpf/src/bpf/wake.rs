//! Waking userspace, which waits for the ring buffer.

use aya_ebpf::bindings::BPF_RB_FORCE_WAKEUP;

use super::maps::EVENTS;

/// Wakes it without telling anything. Where the buffer is full it is awake already.
#[inline(always)]
pub(super) fn now() {
    if let Some(entry) = EVENTS.reserve::<u64>(0) {
        entry.discard(u64::from(BPF_RB_FORCE_WAKEUP));
    }
}
