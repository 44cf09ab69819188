//! Bounds on what the store keeps, each with its reason. What does not fit is added to an
//! "(others)" row, so sums stay exact.

/// Number of cells (process, file, operation, interface, verdict, reasons, flags). A cell takes
/// about 400 bytes, so this is 26 MB. 10,000 processes with three kinds of requests each need half
/// of it.
pub const CELLS_MAX: usize = 65_536;

/// Share of the processes that are folded into the "(others)" row at once when the cells run out,
/// so that a full store does not search for a victim at each request.
pub(super) const FOLDED_PART: usize = 8;

/// Time after its last request for which a process counts as active, nanoseconds: as long as the
/// screen's window of the last minute shows it.
pub(super) const GOES_ON: u64 = 60_000_000_000;

/// Number of files distinguished in one process: a backup or mail server uses any number.
pub const FILES_PER_PROCESS: usize = 4_096;

/// Number of devices distinguished among the files that do not fit.
pub(super) const OTHER_DEVICES: usize = 256;

/// Number of kinds of requests distinguished in one file. Real programs have fewer than ten;
/// further ones are counted only by operation and verdict.
pub(super) const CELLS_PER_FILE: usize = 48;

/// Number of single requests kept for the lists, newest first. About 500 bytes each: 4 MB.
pub const REQUESTS_OVERALL: usize = 8_192;

/// Number of single requests kept for one process, so that a busy one cannot push out the others.
pub const REQUESTS_PER_PROCESS: usize = 64;

/// Number of processes with a list of their own; the one that was idle for longest loses its list
/// first. With the bound above: 16 MB.
pub const PROCESSES_WITH_REQUESTS: usize = 512;

/// Number of entries in the event log: a few screens; older ones are in the recording.
pub const LOG_ENTRIES: usize = 1_000;

/// Number of seconds for which rates are kept: the width of the sparkline on a very wide terminal.
pub const RATE_SECONDS: usize = 300;

/// Length of one slot of a cell's window, seconds.
pub(super) const SLOT_SECONDS: i64 = 5;

/// Number of slots of a cell's window: the last minute.
pub(super) const SLOTS: usize = 12;
