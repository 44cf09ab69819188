//! What the probes have for userspace to look at, so that it need not walk over empty tables.

/// Slots of the array `NEWS`, by counting table: 1 where the table may have rows.
pub const COUNTERS: [u32; 2] = [0, 1];

/// Slot that is 1 where a request was told to be issued again since userspace last looked.
pub const RETRIES: u32 = 2;

/// Number of slots.
pub const SLOTS: u32 = 3;
