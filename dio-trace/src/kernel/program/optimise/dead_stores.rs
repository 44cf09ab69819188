//! Dead-store elimination: a register that is overwritten before it is read need not be set.

use aya_obj::generated::{
    BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_ARSH, BPF_ATOMIC, BPF_DIV, BPF_END, BPF_JMP,
    BPF_JMP32, BPF_LD, BPF_LDX, BPF_LSH, BPF_MEM, BPF_MEMSX, BPF_MOD, BPF_MOV, BPF_MUL, BPF_NEG,
    BPF_OR, BPF_RSH, BPF_ST, BPF_STX, BPF_SUB, BPF_X, BPF_XOR, bpf_insn,
};

use crate::kernel::sys::instruction::{
    CLASS, Kind, MODE, OPERATION, is_wide, kind, noop, starts, target,
};

/// A set of registers, one bit for each.
type RegisterSet = u16;

const ALL: RegisterSet = RegisterSet::MAX;
/// Registers that a call takes its arguments from, and changes.
const ARGUMENTS: RegisterSet = 0b11_1110;
/// The register of a function's result.
const RESULT: RegisterSet = 0b1;

/// Replaces every instruction whose only effect is a register that is overwritten before it is read by
/// one that does nothing.
pub(super) fn eliminate(instructions: &mut [bpf_insn]) {
    for (at, live) in live_after(instructions) {
        if is_dead(instructions[at], live) {
            let slots = if is_wide(instructions[at]) { 2 } else { 1 };
            instructions[at..at + slots].fill(noop());
        }
    }
}

/// Liveness: each instruction, and the registers that may be read after it. An instruction that is
/// itself a dead store reads nothing.
fn live_after(instructions: &[bpf_insn]) -> Vec<(usize, RegisterSet)> {
    // Backwards, until nothing changes: only loops need more than one round.
    let mut after: Vec<(usize, RegisterSet)> = starts(instructions).map(|at| (at, 0)).collect();
    let mut before: Vec<RegisterSet> = vec![0; instructions.len() + 1];
    let mut changed = true;
    while changed {
        changed = false;
        for (at, live) in after.iter_mut().rev() {
            let at = *at;
            let instruction = instructions[at];
            let next = Some(at + if is_wide(instruction) { 2 } else { 1 });
            let live_at =
                |to: Option<usize>| to.and_then(|to| before.get(to).copied()).unwrap_or(ALL);
            *live = match kind(instruction) {
                Kind::Exit => 0,
                Kind::Jump | Kind::LongJump => live_at(target(instructions, at)),
                Kind::Branch => live_at(next) | live_at(target(instructions, at)),
                Kind::Unknown => ALL,
                // A call comes back.
                Kind::Call | Kind::FunctionAddress | Kind::Wide | Kind::Other => live_at(next),
            };
            let live_before = match reads_and_sets(instruction) {
                None => ALL,
                Some(_) if is_dead(instruction, *live) => *live,
                Some((reads, sets)) => *live & !sets | reads,
            };
            changed |= before[at] != live_before;
            before[at] = live_before;
        }
    }
    after
}

/// Whether an instruction does nothing but set a register that is not read after it.
fn is_dead(instruction: bpf_insn, live: RegisterSet) -> bool {
    let has_no_other_effect = matches!(
        u32::from(instruction.code) & CLASS,
        BPF_ALU | BPF_ALU64 | BPF_LD | BPF_LDX
    );
    let sets = reads_and_sets(instruction).map_or(0, |(_, sets)| sets);
    has_no_other_effect && sets != 0 && live & sets == 0
}

const fn one(register: u8) -> RegisterSet {
    1 << (register & 15)
}

/// Registers that an instruction reads, and those that it is sure to set; `None` for an opcode that is
/// not listed.
fn reads_and_sets(instruction: bpf_insn) -> Option<(RegisterSet, RegisterSet)> {
    let code = u32::from(instruction.code);
    let (dst, src) = (one(instruction.dst_reg()), one(instruction.src_reg()));
    let operand = if code & BPF_X == BPF_X { src } else { 0 };
    Some(match (code & CLASS, code & MODE, code & OPERATION) {
        (BPF_ALU | BPF_ALU64, _, BPF_MOV) => (operand, dst),
        // Here the bit of `BPF_X` does not stand for a register.
        (BPF_ALU | BPF_ALU64, _, BPF_NEG | BPF_END) => (dst, dst),
        (
            BPF_ALU | BPF_ALU64,
            _,
            BPF_ADD | BPF_SUB | BPF_MUL | BPF_DIV | BPF_OR | BPF_AND | BPF_LSH | BPF_RSH | BPF_MOD
            | BPF_XOR | BPF_ARSH,
        ) => (operand | dst, dst),
        (BPF_LD, ..) if is_wide(instruction) => (0, dst),
        (BPF_LDX, BPF_MEM | BPF_MEMSX, _) => (src, dst),
        (BPF_ST, BPF_MEM, _) => (dst, 0),
        (BPF_STX, BPF_MEM, _) => (dst | src, 0),
        // May read the register of results. Those that set a register do more than that.
        (BPF_STX, BPF_ATOMIC, _) => (dst | src | RESULT, 0),
        (BPF_JMP | BPF_JMP32, ..) => match kind(instruction) {
            Kind::Jump | Kind::LongJump => (0, 0),
            Kind::Exit => (RESULT, 0),
            Kind::Branch => (operand | dst, 0),
            Kind::Call | Kind::Other => (ARGUMENTS, ARGUMENTS | RESULT),
            Kind::FunctionAddress | Kind::Wide | Kind::Unknown => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use aya_obj::generated::{BPF_CALL, BPF_DW, BPF_JA, BPF_JEQ, BPF_K, BPF_PSEUDO_MAP_FD, BPF_W};

    use super::*;
    use crate::kernel::sys::instruction::{LOAD_WIDE, exit, fields, instruction};

    fn set(register: u8, value: i32) -> bpf_insn {
        instruction(BPF_ALU64 | BPF_MOV | BPF_K, (register, 0), 0, value)
    }

    fn load(dst: u8, src: u8) -> bpf_insn {
        instruction(BPF_LDX | BPF_MEM | BPF_W, (dst, src), 0, 0)
    }

    fn call() -> bpf_insn {
        instruction(BPF_JMP | BPF_CALL, (0, 0), 0, 14)
    }

    fn jump_if_zero(register: u8, off: i16) -> bpf_insn {
        instruction(BPF_JMP | BPF_JEQ | BPF_K, (register, 0), off, 0)
    }

    /// Asserts which instructions of a program are eliminated.
    fn eliminates(program: &[bpf_insn], eliminated: &[usize]) {
        let mut after = program.to_vec();
        eliminate(&mut after);
        let mut expected = program.to_vec();
        for &at in eliminated {
            expected[at] = noop();
        }
        assert_eq!(fields(&after), fields(&expected));
    }

    #[test]
    fn a_store_that_is_overwritten_before_it_is_read_goes() {
        eliminates(&[set(2, 1), set(2, 2), load(0, 2), exit()], &[0]);
        eliminates(&[set(2, 1), load(3, 2), set(0, 0), exit()], &[0, 1]);
    }

    #[test]
    fn operands_of_a_dead_store_are_dead_as_well() {
        let add = instruction(BPF_ALU64 | BPF_ADD | BPF_X, (2, 3), 0, 0);
        eliminates(&[set(2, 1), set(3, 1), add, set(0, 0), exit()], &[0, 1, 2]);
        let wide = instruction(LOAD_WIDE, (2, BPF_PSEUDO_MAP_FD as u8), 0, 7);
        let second = instruction(0, (0, 0), 0, 0);
        eliminates(&[wide, second, set(0, 0), exit()], &[0, 1]);
    }

    #[test]
    fn a_store_that_one_path_reads_stays() {
        eliminates(
            &[set(0, 0), set(2, 1), jump_if_zero(1, 1), load(0, 2), exit()],
            &[],
        );
    }

    #[test]
    fn a_store_that_the_next_round_of_a_loop_reads_stays() {
        let back = instruction(BPF_JMP | BPF_JA, (0, 0), -4, 0);
        eliminates(
            &[
                set(0, 0),
                jump_if_zero(6, 3),
                load(0, 7),
                set(7, 1),
                back,
                exit(),
            ],
            &[],
        );
    }

    #[test]
    fn calls_read_their_arguments_and_preserve_other_registers() {
        eliminates(&[set(6, 1), set(3, 1), call(), load(0, 6), exit()], &[]);
        eliminates(&[set(6, 1), call(), set(0, 1), exit()], &[0]);
        // A call changes its arguments.
        eliminates(&[call(), set(0, 0), set(1, 1), call(), exit()], &[1]);
    }

    #[test]
    fn an_exchange_reads_the_value_that_it_compares_with() {
        let exchange = instruction(BPF_STX | BPF_ATOMIC | BPF_DW, (6, 2), 0, 0xf1);
        eliminates(&[set(0, 0), set(2, 1), exchange, exit()], &[]);
    }
}
