//! Programs that several functions share: the large one lies in a map of programs, and each function
//! has a small one that passes on to it by tail call. The kernel lets a program pass on to those of
//! its own kind alone, and from 6.12 on to those for functions of one prototype
//! (`bpf_prog_map_compatible`).
//!
//! From 6.13 on a program with a large stack has one for each CPU (`bpf_enable_priv_stack`), and the
//! kernel keeps only what is attached from being entered twice: where a task in a shared program was
//! preempted, another would spoil its stack (seen on 7.3). Programs that pass on to others themselves
//! have the task's own stack (`check_max_stack_depth`), so a shared one is made to look like that.

use std::{
    io,
    mem::zeroed,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use aya_obj::generated::{
    BPF_ALU64, BPF_CALL, BPF_JEQ, BPF_JMP, BPF_K, BPF_MOV, bpf_attr, bpf_cmd, bpf_func_id,
    bpf_func_info, bpf_insn, bpf_map_type::BPF_MAP_TYPE_PROG_ARRAY,
};

use crate::kernel::{
    btf::KernelTypes,
    instructions::{begin_with, instruction},
    tracing::{bpf, bpf_fd},
};

/// A map that holds one program. The kernel empties it when nobody has it open.
#[derive(Debug)]
pub(super) struct SharedProgram(OwnedFd);

impl SharedProgram {
    /// Puts a loaded program into a map of its own.
    ///
    /// # Errors
    /// The kernel's errno.
    pub(super) fn new(program: BorrowedFd<'_>) -> io::Result<Self> {
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
    pub(super) fn map(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Whether this kernel gives a program with a large stack one for each CPU (from 6.13). Where it has what
/// came later it does, whatever it calls that.
pub(super) fn has_private_stacks(types: &KernelTypes) -> bool {
    let member = types.member_offset("bpf_prog_aux", "priv_stack_ptr");
    member.is_some() || types.function("bpf_local_irq_save").is_some()
}

/// Keeps a program on the stack of the task: begins it with a tail call that is jumped over. The kernel
/// asks whether there is one before it asks whether it can be reached, and then takes it out.
pub(super) fn keep_on_task_stack(
    instructions: &mut Vec<bpf_insn>,
    functions: &mut [bpf_func_info],
) {
    const TAIL_CALL: i32 = bpf_func_id::BPF_FUNC_tail_call as i32;
    let never = [
        instruction(BPF_ALU64 | BPF_MOV | BPF_K, (0, 0), 0, 0),
        instruction(BPF_JMP | BPF_JEQ | BPF_K, (0, 0), 1, 0),
        instruction(BPF_JMP | BPF_CALL, (0, 0), 0, TAIL_CALL),
    ];
    begin_with(instructions, functions, &never);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::instructions::{exit, same, target};

    #[test]
    fn the_tail_call_is_there_and_jumped_over() {
        let mut program = vec![exit(), exit()];
        let info = |insn_off| bpf_func_info {
            insn_off,
            type_id: 0,
        };
        let mut functions = [info(0), info(1)];
        keep_on_task_stack(&mut program, &mut functions);
        let tail_call = instruction(BPF_JMP | BPF_CALL, (0, 0), 0, 12);
        assert_eq!(same(&program[2..]), same(&[tail_call, exit(), exit()]));
        assert_eq!(target(&program, 1), Some(3));
        assert_eq!(functions.map(|one| one.insn_off), [0, 4]);
    }
}
