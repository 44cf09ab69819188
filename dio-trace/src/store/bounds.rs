//! How much the store keeps. Every bound has a reason; what does not fit is added to an explicit
//! "(others)" row, so that sums stay exact.

/// Cells (process, file, operation, interface, verdict, reasons, flags). A cell takes about 400
/// bytes, so this is 26 MB; 10,000 processes with three kinds of requests each take half of it.
pub const CELLS_MAX: usize = 65_536;

/// Part of the processes folded into the "(others)" row when the cells run out, in one go, so that
/// a full store does not search for a victim at each request.
pub(super) const FOLDED_PART: usize = 8;

/// Nanoseconds for which a process that was last seen then counts as one that goes on: as long as
/// the screen's window of the last minute shows it.
pub(super) const GOES_ON: u64 = 60_000_000_000;

/// Files told apart in one process: a backup or mail server walks through any number.
pub const FILES_PER_PROCESS: usize = 4_096;

/// Devices told apart among the files that do not fit.
pub(super) const OTHER_DEVICES: usize = 256;

/// Kinds of requests told apart in one file. Real programs show fewer than ten; the rest is
/// counted by operation and verdict alone.
pub(super) const CELLS_PER_FILE: usize = 48;

/// Single requests kept for the lists, newest first. About 500 bytes each: 4 MB.
pub const REQUESTS_OVERALL: usize = 8_192;

/// Single requests kept for one process, so that a loud one cannot push out the others.
pub const REQUESTS_PER_PROCESS: usize = 64;

/// Processes with a list of their own; the one silent for longest loses its list first. With the
/// bound above: 16 MB.
pub const PROCESSES_WITH_REQUESTS: usize = 512;

/// Entries of the event log: some screens full, older ones are in the recording.
pub const LOG_ENTRIES: usize = 1_000;

/// Seconds of rates kept: as wide as the sparkline of a very wide terminal.
pub const RATE_SECONDS: usize = 300;

/// Length of one slot of a cell's window, seconds.
pub(super) const SLOT_SECONDS: i64 = 5;

/// Slots of a cell's window: the last minute.
pub(super) const SLOTS: usize = 12;
