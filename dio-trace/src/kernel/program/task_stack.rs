//! Keeps a shared program on the stack of the task.
//!
//! From 6.13 on a program with a large stack has one for each CPU (`bpf_enable_priv_stack`), and the
//! kernel keeps only what is attached from being entered twice: where a task in a shared program was
//! preempted, another would spoil its stack (seen on 7.3). Programs that pass on to others themselves
//! have the task's own stack (`check_max_stack_depth`), so a shared one is made to look like that.

use aya_obj::generated::{
    BPF_ALU64, BPF_CALL, BPF_JEQ, BPF_JMP, BPF_K, BPF_MOV, bpf_func_id, bpf_func_info, bpf_insn,
};

use crate::kernel::sys::instruction::{begin_with, instruction};

/// Keeps a program on the stack of the task: begins it with a tail call that is jumped over. The kernel
/// asks whether there is one before it asks whether it can be reached, and then takes it out.
pub(in crate::kernel) fn keep_on_task_stack(
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
    use crate::kernel::sys::instruction::{exit, same, target};

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
