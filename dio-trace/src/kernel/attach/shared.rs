//! Programs that several functions share: the large one lies in a map of programs, and each function
//! has a small one that passes on to it by tail call. The kernel lets a program pass on to those of
//! its own kind alone, and from 6.12 on to those for functions of one prototype
//! (`bpf_prog_map_compatible`). From 6.13 on a shared one
//! must stay on the stack of the task ([`task_stack`](crate::kernel::program::task_stack)).

use std::{
    io,
    mem::zeroed,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use aya_obj::generated::{bpf_attr, bpf_cmd, bpf_map_type::BPF_MAP_TYPE_PROG_ARRAY};

use crate::kernel::sys::bpf::{bpf, bpf_fd};

/// A map that holds one program. The kernel empties it when nobody has it open.
#[derive(Debug)]
pub(in crate::kernel) struct SharedProgram(OwnedFd);

impl SharedProgram {
    /// Puts a loaded program into a map of its own.
    ///
    /// # Errors
    /// The kernel's errno.
    pub(in crate::kernel) fn new(program: BorrowedFd<'_>) -> io::Result<Self> {
        const BYTES: u32 = size_of::<u32>() as u32;
        // SAFETY: all-zero is a valid `bpf_attr`.
        let mut attr: bpf_attr = unsafe { zeroed() };
        // SAFETY: writes the variant that BPF_MAP_CREATE reads.
        let create = unsafe { &mut attr.__bindgen_anon_1 };
        create.map_type = BPF_MAP_TYPE_PROG_ARRAY as u32;
        create.key_size = BYTES;
        create.value_size = BYTES;
        create.max_entries = 1;
        let map = bpf_fd(bpf_cmd::BPF_MAP_CREATE, &mut attr)?;
        let (slot, program) = (0_u32, program.as_raw_fd());
        // SAFETY: all-zero is a valid `bpf_attr`.
        let mut attr: bpf_attr = unsafe { zeroed() };
        // SAFETY: writes the variant that BPF_MAP_UPDATE_ELEM reads; both values outlive the call.
        let update = unsafe { &mut attr.__bindgen_anon_2 };
        update.map_fd = map.as_raw_fd().cast_unsigned();
        update.key = (&raw const slot) as u64;
        update.__bindgen_anon_1.value = (&raw const program) as u64;
        bpf(bpf_cmd::BPF_MAP_UPDATE_ELEM, &mut attr)?;
        Ok(Self(map))
    }

    /// The map.
    pub(in crate::kernel) fn map(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
