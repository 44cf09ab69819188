//! Keeps a shared program on the stack of the task.
//!
//! From 6.13 on the kernel gives a program with a large stack one for each CPU
//! (`bpf_enable_priv_stack`), and keeps only attached programs from being entered twice. If a task were
//! preempted in a shared program, another task would overwrite its stack (seen on 7.3). Programs that
//! pass on to others themselves stay on the task's stack (`check_max_stack_depth`), so a shared one is
//! made to look like one of them.

use aya_obj::generated::{
    BPF_ALU64, BPF_CALL, BPF_JEQ, BPF_JMP, BPF_K, BPF_MOV, bpf_func_id, bpf_insn,
};

use crate::kernel::sys::{code::Code, instruction::instruction};

/// Begins a program with a tail call that is jumped over. The verifier notes that there is a tail call
/// before it looks whether it can be reached, and then removes it.
pub(super) fn keep_on_task_stack(code: &mut Code) {
    const TAIL_CALL: i32 = bpf_func_id::BPF_FUNC_tail_call as i32;
    let never: [bpf_insn; 3] = [
        instruction(BPF_ALU64 | BPF_MOV | BPF_K, (0, 0), 0, 0),
        instruction(BPF_JMP | BPF_JEQ | BPF_K, (0, 0), 1, 0),
        instruction(BPF_JMP | BPF_CALL, (0, 0), 0, TAIL_CALL),
    ];
    code.prepend(&never);
}

#[cfg(test)]
mod tests {
    use aya_obj::generated::bpf_func_info;

    use super::*;
    use crate::kernel::sys::instruction::{exit, fields, target};

    #[test]
    fn the_tail_call_is_there_and_jumped_over() {
        let info = |insn_off| bpf_func_info {
            insn_off,
            type_id: 0,
        };
        let mut code = Code {
            instructions: vec![exit(), exit()],
            functions: vec![info(0), info(1)],
            lines: Vec::new(),
        };
        keep_on_task_stack(&mut code);
        let tail_call = instruction(BPF_JMP | BPF_CALL, (0, 0), 0, 12);
        let expected = [tail_call, exit(), exit()];
        assert_eq!(fields(&code.instructions[2..]), fields(&expected));
        assert_eq!(target(&code.instructions, 1), Some(3));
        let functions: Vec<u32> = code.functions.iter().map(|one| one.insn_off).collect();
        assert_eq!(functions, [0, 4]);
    }
}
