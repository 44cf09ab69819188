//! Keeps the kernel from preempting a program.
//!
//! While a program is preempted, the kernel skips it for every other task of that CPU
//! (`__bpf_prog_enter_recur`). That may last as long as all of them together keep the CPU busy. From 6.14
//! on a program can disable preemption. It must enable it again before it returns, and that reschedules
//! at once if a reschedule is pending, still inside the program. With interrupts off the kernel defers
//! this (`preempt_schedule`) until after the program has returned, so preemption is enabled there. A few
//! instructions at both ends of the program are left in which it can be preempted.
//!
//! Not on real-time kernels: looking up a path may wait for a lock there.

use aya_obj::generated::{
    BPF_ADD, BPF_ALU64, BPF_CALL, BPF_JMP, BPF_K, BPF_MOV, BPF_PSEUDO_KFUNC_CALL, BPF_X, bpf_insn,
};

use crate::kernel::{
    machine::{btf::KernelTypes, features::PreemptionFunctions, preemption},
    sys::{
        code::{Code, Edit, TooFar},
        instruction::{Kind, exit, instruction, kind, target},
    },
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

    /// Disables preemption where a program begins and enables it again wherever it ends. The program
    /// returns 0, as programs of the tracing type must.
    ///
    /// # Errors
    /// When a jump would lead too far: the program is left as it is.
    pub(super) fn wrap(&self, code: &mut Code) -> Result<(), TooFar> {
        let end = self.end();
        let main = main_length(&code.instructions);
        code.edit(|at, one| match kind(one) {
            Kind::Exit if at < main => Edit::Replace(&end),
            _ => Edit::Keep,
        })?;
        code.prepend(&self.beginning());
        Ok(())
    }

    /// The context is kept in a register that calls preserve.
    fn beginning(&self) -> [bpf_insn; 3] {
        [copy(6, 1), call(self.0.preempt_disable), copy(1, 6)]
    }

    /// The state of interrupts is kept on the stack, which the program does not need any more.
    fn end(&self) -> [bpf_insn; 9] {
        [
            copy(1, FRAME),
            add(1, -8),
            call(self.0.irq_save),
            call(self.0.preempt_enable),
            copy(1, FRAME),
            add(1, -8),
            call(self.0.irq_restore),
            instruction(BPF_ALU64 | BPF_MOV | BPF_K, (0, 0), 0, 0),
            exit(),
        ]
    }
}

/// The frame pointer: the stack lies below it.
const FRAME: u8 = 10;

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

/// Number of instructions of the program itself: the functions that it calls follow it.
fn main_length(instructions: &[bpf_insn]) -> usize {
    let functions = (0..instructions.len()).filter_map(|at| match kind(instructions[at]) {
        Kind::Call | Kind::FunctionAddress => target(instructions, at),
        _ => None,
    });
    functions.min().unwrap_or(instructions.len())
}

#[cfg(test)]
mod tests {
    use aya_obj::generated::{BPF_JA, BPF_JEQ, BPF_PSEUDO_CALL, bpf_func_info};

    use super::*;
    use crate::kernel::sys::instruction::{fields, jump};

    const KERNEL: Unpreempted = Unpreempted(PreemptionFunctions {
        preempt_disable: 101,
        preempt_enable: 102,
        irq_save: 103,
        irq_restore: 104,
    });

    #[test]
    fn every_exit_of_the_program_enables_preemption_and_none_of_a_function() {
        let branch = |off| instruction(BPF_JMP | BPF_JEQ | BPF_K, (1, 0), off, 0);
        let function = |imm| instruction(BPF_JMP | BPF_CALL, (0, BPF_PSEUDO_CALL as u8), 0, imm);
        let program = vec![
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
        let mut code = Code {
            instructions: program,
            functions: vec![info(0), info(5)],
            lines: Vec::new(),
        };
        assert_eq!(KERNEL.wrap(&mut code), Ok(()));

        let mut expected = KERNEL.beginning().to_vec();
        expected.extend([branch(11), function(19)]);
        expected.extend(KERNEL.end());
        expected.push(instruction(BPF_JMP | BPF_JA, (0, 0), -10, 0));
        let second_way_out = expected.len();
        expected.extend(KERNEL.end());
        let begins = expected.len();
        expected.extend([jump(0), exit()]);
        assert_eq!(fields(&code.instructions), fields(&expected));
        assert_eq!(target(&code.instructions, 3), Some(second_way_out));
        assert_eq!(target(&code.instructions, 4), Some(begins));
        let functions: Vec<u32> = code.functions.iter().map(|one| one.insn_off).collect();
        assert_eq!(functions, [0, begins as u32]);
    }

    #[test]
    fn without_functions_every_exit_is_the_programs() {
        let mut code = Code {
            instructions: vec![exit()],
            ..Code::default()
        };
        assert_eq!(KERNEL.wrap(&mut code), Ok(()));
        let ends: Vec<bpf_insn> = KERNEL.beginning().into_iter().chain(KERNEL.end()).collect();
        assert_eq!(fields(&code.instructions), fields(&ends));
    }
}
