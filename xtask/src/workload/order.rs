//! A request as the kernel takes it, and the kernel's answer: the same for every interface.

use std::io;

use super::{Call, answer::Reported};

/// A request in the form that the kernel takes.
pub(super) struct Order<'a> {
    pub(super) call: Call,
    pub(super) descriptor: i32,
    pub(super) write: bool,
    pub(super) offset: u64,
    pub(super) segments: &'a [libc::iovec],
}

/// The kernel's answer.
pub(super) struct Reply {
    /// Bytes, or a negative errno.
    pub(super) result: i64,
    pub(super) reported: Reported,
    /// The issuing thread.
    pub(super) tid: u32,
}

/// `errno` of the call that just failed.
pub(super) fn last_errno() -> i64 {
    i64::from(io::Error::last_os_error().raw_os_error().unwrap_or(0))
}

/// Id of the running thread.
pub(super) fn current_thread() -> u32 {
    // SAFETY: takes no arguments.
    unsafe { libc::gettid() as u32 }
}
