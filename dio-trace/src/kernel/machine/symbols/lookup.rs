//! Addresses of kernel functions by name, as the kernel itself finds them.
//!
//! Reading one symbol from `/proc/kallsyms` makes the kernel write all of it, some 200,000 lines: that
//! alone would take longer than everything else before the first traced request. eBPF programs of the
//! syscall type (5.14) may ask for a single name (`bpf_kallsyms_lookup_name`, 5.16). That is quick if
//! the kernel has its symbols sorted by name (from 6.2), and slower than the file otherwise.

use std::{
    io,
    mem::offset_of,
    os::fd::{AsFd, OwnedFd},
};

use aya_obj::generated::{
    BPF_ADD, BPF_ALU64, BPF_CALL, BPF_DW, BPF_JMP, BPF_K, BPF_LDX, BPF_MEM, BPF_MOV, BPF_STX,
    BPF_X, bpf_func_id::BPF_FUNC_kallsyms_lookup_name, bpf_insn,
};
use bytemuck::{Pod, Zeroable};

use crate::kernel::{
    machine::{btf::KernelTypes, features::finds_symbols_by_name},
    sys::{
        bpf::{load_runnable, run},
        instruction::{exit, instruction},
    },
};

/// Size of the longest name that is looked up, with the zero at its end.
const NAME: usize = 64;

/// The memory that the program is run with.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Question {
    name: [u8; NAME],
    /// Written by the program.
    address: u64,
}

/// The loaded program.
pub(in crate::kernel) struct Lookup(OwnedFd);

impl Lookup {
    /// Loads the program; `None` where the kernel cannot do this, not quickly, or not for this process.
    pub(in crate::kernel) fn new(types: &KernelTypes) -> Option<Self> {
        if !finds_symbols_by_name(types) {
            return None;
        }
        load_runnable(&instructions()).ok().map(Self)
    }

    /// Address of a function; `None` where there is none of this name.
    ///
    /// # Errors
    /// Where the kernel does not answer.
    pub(in crate::kernel) fn address(&self, name: &str) -> io::Result<Option<u64>> {
        let mut question = Question {
            name: [0; NAME],
            address: 0,
        };
        if name.len() >= NAME {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        question.name[..name.len()].copy_from_slice(name.as_bytes());
        match run(self.0.as_fd(), &mut question)? {
            0 => Ok(Some(question.address)),
            error if error == -libc::ENOENT => Ok(None),
            error => Err(io::Error::from_raw_os_error(-error)),
        }
    }
}

/// Copies the name to the stack, where all kernels let the helper read it, asks, and copies the
/// address back. Returns what the helper does: 0, or the errno as a negative number.
fn instructions() -> Vec<bpf_insn> {
    const NAME_AT: i16 = -(NAME as i16);
    const ADDRESS_AT: i16 = NAME_AT - 8;
    let load = |to, from, offset| instruction(BPF_LDX | BPF_MEM | BPF_DW, (to, from), offset, 0);
    let store = |to, from, offset| instruction(BPF_STX | BPF_MEM | BPF_DW, (to, from), offset, 0);
    let copy = |to, from| instruction(BPF_ALU64 | BPF_MOV | BPF_X, (to, from), 0, 0);
    let set = |to, value| instruction(BPF_ALU64 | BPF_MOV | BPF_K, (to, 0), 0, value);
    let add = |to, value| instruction(BPF_ALU64 | BPF_ADD | BPF_K, (to, 0), 0, value);
    let mut program = vec![copy(6, 1), set(0, 0), store(10, 0, ADDRESS_AT)];
    for word in (0..NAME as i16).step_by(8) {
        program.extend([load(0, 6, word), store(10, 0, NAME_AT + word)]);
    }
    program.extend([
        copy(1, 10),
        add(1, i32::from(NAME_AT)),
        set(2, NAME as i32),
        set(3, 0),
        copy(4, 10),
        add(4, i32::from(ADDRESS_AT)),
        instruction(
            BPF_JMP | BPF_CALL,
            (0, 0),
            0,
            BPF_FUNC_kallsyms_lookup_name as i32,
        ),
        load(1, 10, ADDRESS_AT),
        store(6, 1, offset_of!(Question, address) as i16),
        exit(),
    ]);
    program
}
