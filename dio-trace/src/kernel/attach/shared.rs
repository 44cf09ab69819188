//! Programs that several functions share. The large one lies in a map of programs, and each function has
//! a small one that passes on to it by tail call.
//!
//! The kernel lets a program pass on only to programs of its own type and, from 6.12 on, only to those for
//! functions of the same prototype (`bpf_prog_map_compatible`, kernel/bpf/core.c). From 6.13 on a shared
//! program must stay on the stack of the task ([`task_stack`](crate::kernel::program::task_stack)).

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use crate::kernel::sys::bpf::program_map;

/// A map that holds one program. The kernel empties it when nobody has it open.
#[derive(Debug)]
pub(in crate::kernel) struct SharedProgram(OwnedFd);

impl SharedProgram {
    /// Puts a loaded program into a map of its own.
    ///
    /// # Errors
    /// The kernel's errno.
    pub(in crate::kernel) fn new(program: BorrowedFd<'_>) -> io::Result<Self> {
        program_map(program).map(Self)
    }

    /// The map.
    pub(in crate::kernel) fn map(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
