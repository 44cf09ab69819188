//! Entries of the ring buffer.

use aya_ebpf::maps::ring_buf::RingBufEntry;
use bytemuck::Pod;

use crate::bpf::tables::{maps::EVENTS, wake};

/// Room for one event, which no one else sees before it is submitted.
pub(in crate::bpf) struct Entry<T: 'static>(RingBufEntry<T>);

/// Room in the ring buffer; `None` where there is none. It must be submitted.
#[inline(always)]
pub(in crate::bpf) fn reserve<T: Pod>() -> Option<Entry<T>> {
    EVENTS.reserve::<T>(0).map(Entry)
}

impl<T: Pod> Entry<T> {
    /// The event, which holds what was left there.
    #[inline(always)]
    pub(in crate::bpf) fn event(&mut self) -> &mut T {
        // SAFETY: the kernel's memory is never uninitialised, and a `T` may hold any bytes.
        unsafe { self.0.assume_init_mut() }
    }

    /// Hands it to userspace.
    #[inline(always)]
    pub(in crate::bpf) fn submit(self) {
        self.0.submit(wake::for_entry());
    }
}
