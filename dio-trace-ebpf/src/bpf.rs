//! Everything that runs in the kernel.
//!
//! ```text
//!  probes -> request -> outcome -> facts -> tables -> base
//!   one       begins,    judges     reads    the maps   constants,
//!   program   follows    what is    the      and their  kernel pointers,
//!   for each  and ends   done,      kernel's rows       words of memory,
//!   kind of   the row    counts or  structs             the slot table
//!   hook      of each    sends it
//!             request
//! ```
//!
//! A room imports only from rooms to its right (`dio-trace/tests/rooms.rs` holds that).
//!
//! # The life of a request
//!
//! 1. A program at `read_iter` or `write_iter` of a filesystem or device, or at a direct I/O engine,
//!    gets the request's `struct kiocb` (`probes/{request,engine}`).
//! 2. The first to see it claims a row for the kiocb (`request/begin`, `tables/requests`), and notes
//!    in `tables/threads` that this thread is busy with it.
//! 3. It writes down who submits it, of which file on which device (`facts/{owner,origin,target}`),
//!    and folds its memory into a few numbers (`facts/iovec`).
//! 4. Engines inside add the route it took and the bytes they did (`request/engine`); bios are counted, and
//!    those that were split (`probes/bio`). Both find the row by the thread or the kiocb.
//! 5. The function returns the result, or `-EIOCBQUEUED`: then `ki_complete` will be called with it
//!    (`request/leave`). On a refusal to wait, `io_uring` issues the request again (`request/retry`).
//! 6. The result is judged by the same rules that reports and tests use (`outcome/verdict`).
//! 7. Most requests are only counted, in a row of their own kind (`outcome/count`).
//! 8. The others are sent one by one, within each process' share (`outcome/send`).
//! 9. The file's name and limits are sent first, where userspace does not know them yet.
//! 10. The row is released (`request/leave`). A request that could not be followed is counted as lost,
//!     with the cause (`tables/losses`).

mod base;
mod facts;
mod outcome;
mod probes;
mod request;
mod tables;

/// The verifier lets programs that are not GPL-compatible call no tracing helpers.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
