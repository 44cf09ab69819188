//! Keeps the kernel from taking the CPU away from a program in the middle.
//!
//! While a program is preempted, the kernel skips it for every other task of that CPU
//! (`__bpf_prog_enter_recur`), which may last as long as all of them together keep the CPU busy. From 6.14
//! on a program can ask not to be preempted. It must end as it began, and to allow preemption again is
//! to be preempted at once where that is due. So it is allowed with interrupts off, where the kernel
//! lets it wait (`preempt_schedule`): until the next chance, which comes behind the program. What is left
//! is a few instructions at its edges.
//!
//! Not on real-time kernels: looking up a path may wait for a lock there.

use aya_obj::generated::{
    BPF_ADD, BPF_ALU64, BPF_CALL, BPF_JMP, BPF_K, BPF_MOV, BPF_PSEUDO_KFUNC_CALL, BPF_X,
    bpf_func_info, bpf_insn,
};

use crate::kernel::{
    machine::{btf::KernelTypes, features::PreemptionFunctions, preemption},
    sys::instruction::{Kind, begin_with, exit, instruction, kind, set_distances, target},
};

/// The kernel's functions for it.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Unpreempted(PreemptionFunctions);

impl Unpreempted {
    /// `None` where programs are not preempted, or cannot keep the kernel from it.
    pub(in crate::kernel) fn of_running_kernel(types: &KernelTypes) -> Option<Self> {
        if !preemption::is_possible() || preemption::is_real_time() {
            return None;
        }
        PreemptionFunctions::of(types).map(Self)
    }

    /// Begins and ends `instructions` so, and keeps `functions` right, which says where each function
    /// begins. What the program returns becomes 0, as it must be for programs of the tracing type.
    pub(in crate::kernel) fn wrap(
        &self,
        instructions: &mut Vec<bpf_insn>,
        functions: &mut [bpf_func_info],
    ) {
        let end = self.end();
        let main = main_length(instructions);
        let is_way_out = |at, one| at < main && matches!(kind(one), Kind::Exit);
        let mut place = 0;
        let mut places = vec![place];
        for (at, &one) in instructions.iter().enumerate() {
            place += if is_way_out(at, one) { end.len() } else { 1 };
            places.push(place);
        }
        set_distances(instructions, &places);
        let mut wrapped = Vec::with_capacity(place);
        for (at, &one) in instructions.iter().enumerate() {
            if is_way_out(at, one) {
                wrapped.extend(end);
            } else {
                wrapped.push(one);
            }
        }
        for function in functions.iter_mut() {
            function.insn_off = places[function.insn_off as usize] as u32;
        }
        *instructions = wrapped;
        begin_with(instructions, functions, &self.beginning());
    }

    /// Keeps the context, in a register that calls leave alone.
    fn beginning(&self) -> [bpf_insn; 3] {
        [copy(6, 1), call(self.0.preempt_disable), copy(1, 6)]
    }

    /// The interrupts' state goes where the stack is not needed any more.
    fn end(&self) -> [bpf_insn; 9] {
        [
            copy(1, STACK),
            add(1, -8),
            call(self.0.irq_save),
            call(self.0.preempt_enable),
            copy(1, STACK),
            add(1, -8),
            call(self.0.irq_restore),
            instruction(BPF_ALU64 | BPF_MOV | BPF_K, (0, 0), 0, 0),
            exit(),
        ]
    }
}

/// The register that the stack begins at, downwards.
const STACK: u8 = 10;

fn copy(to: u8, from: u8) -> bpf_insn {
    instruction(BPF_ALU64 | BPF_MOV | BPF_X, (to, from), 0, 0)
}

fn add(register: u8, number: i32) -> bpf_insn {
    instruction(BPF_ALU64 | BPF_ADD | BPF_K, (register, 0), 0, number)
}

/// Calls a function of the kernel.
fn call(id: u32) -> bpf_insn {
    let kfunc = BPF_PSEUDO_KFUNC_CALL as u8;
    instruction(BPF_JMP | BPF_CALL, (0, kfunc), 0, id.cast_signed())
}

/// Instructions of the function that the kernel enters: the others lie behind it.
fn main_length(instructions: &[bpf_insn]) -> usize {
    let functions = (0..instructions.len()).filter_map(|at| match kind(instructions[at]) {
        Kind::Call | Kind::FunctionAddress => target(instructions, at),
        _ => None,
    });
    functions.min().unwrap_or(instructions.len())
}

#[cfg(test)]
mod tests {
    use aya_obj::generated::{BPF_JA, BPF_JEQ, BPF_PSEUDO_CALL};

    use super::*;
    use crate::kernel::sys::instruction::{jump, same};

    const KERNEL: Unpreempted = Unpreempted(PreemptionFunctions {
        preempt_disable: 101,
        preempt_enable: 102,
        irq_save: 103,
        irq_restore: 104,
    });

    #[test]
    fn every_way_out_of_the_program_allows_it_again_and_no_function_does() {
        let branch = |off| instruction(BPF_JMP | BPF_JEQ | BPF_K, (1, 0), off, 0);
        let function = |imm| instruction(BPF_JMP | BPF_CALL, (0, BPF_PSEUDO_CALL as u8), 0, imm);
        let mut program = vec![
            branch(3),   // 0: to the second way out
            function(3), // 1: to the function
            exit(),      // 2
            jump(-2),    // 3: back, to the first
            exit(),      // 4
            jump(0),     // 5: the function
            exit(),      // 6
        ];
        let info = |insn_off| bpf_func_info {
            insn_off,
            type_id: 0,
        };
        let mut functions = [info(0), info(5)];
        KERNEL.wrap(&mut program, &mut functions);

        let mut expected = KERNEL.beginning().to_vec();
        expected.extend([branch(11), function(19)]);
        expected.extend(KERNEL.end());
        expected.push(instruction(BPF_JMP | BPF_JA, (0, 0), -10, 0));
        let second_way_out = expected.len();
        expected.extend(KERNEL.end());
        let begins = expected.len();
        expected.extend([jump(0), exit()]);
        assert_eq!(same(&program), same(&expected));
        assert_eq!(target(&program, 3), Some(second_way_out));
        assert_eq!(target(&program, 4), Some(begins));
        assert_eq!(functions.map(|one| one.insn_off), [0, begins as u32]);
    }

    #[test]
    fn without_functions_all_of_it_is_the_program() {
        let mut program = vec![exit()];
        KERNEL.wrap(&mut program, &mut []);
        let ends: Vec<bpf_insn> = KERNEL.beginning().into_iter().chain(KERNEL.end()).collect();
        assert_eq!(same(&program), same(&ends));
    }
}
