//! Signals of the probes to userspace, so that it need not scan empty tables.

/// Slots of the array `SIGNALS`, by counting table: 1 if the table may have rows.
pub const COUNTERS: [u32; 2] = [0, 1];

/// Slot that is 1 if a request began to wait for its second issue since userspace last looked.
pub const RETRIES: u32 = 2;

/// Slot that is 1 if the counting table in use has too many rows to wait for the next drain.
pub const NEARLY_FULL: u32 = 3;

/// Slot that is 1 if something was counted in the last-resort counters.
pub const UNATTRIBUTED: u32 = 4;

/// Number of slots.
pub const SLOTS: u32 = 5;
