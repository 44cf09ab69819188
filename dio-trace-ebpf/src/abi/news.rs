//! What the probes have for userspace to look at, so that it need not walk over empty tables.

/// Slots of the array `NEWS`, by counting table: 1 where the table may have rows.
pub const COUNTERS: [u32; 2] = [0, 1];

/// Slot that is 1 where a request was told to be issued again since userspace last looked.
pub const RETRIES: u32 = 2;

/// Slot that is 1 where the counting table in use has too many rows to wait for the next look.
pub const FILLING: u32 = 3;

/// Slot that is 1 where something was counted among the last-resort counters.
pub const UNATTRIBUTED: u32 = 4;

/// Number of slots.
pub const SLOTS: u32 = 5;
