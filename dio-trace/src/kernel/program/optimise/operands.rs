//! Operand folding: register operands become immediates, and `base + n` addresses become displacements,
//! where their values are known. The instructions that computed them are left for `dead_stores`.

use aya_obj::generated::{
    BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_JA, BPF_JMP, BPF_JMP32, BPF_K, BPF_LDX, BPF_LSH,
    BPF_MEM, BPF_MOV, BPF_MUL, BPF_OR, BPF_RSH, BPF_STX, BPF_SUB, BPF_X, BPF_XOR, bpf_insn,
};

use crate::kernel::{
    program::optimise::known_values::{self, Known, Registers},
    sys::instruction::{CLASS, MODE, OPERATION},
};

/// Replaces operands of instructions one by one.
pub(super) fn fold(instructions: &mut [bpf_insn]) {
    known_values::rewrite(instructions, folded);
}

fn folded(instruction: bpf_insn, registers: &Registers) -> bpf_insn {
    let code = u32::from(instruction.code);
    match code & CLASS {
        BPF_ALU | BPF_ALU64 => arithmetic(instruction, registers),
        BPF_JMP | BPF_JMP32 if code & OPERATION > BPF_JA && code & BPF_X == BPF_X => {
            comparison(instruction, registers)
        }
        BPF_LDX if code & MODE == BPF_MEM => {
            let mut load = instruction;
            if let Some((base, off)) = displacement(registers, load.src_reg(), load.off) {
                load.set_src_reg(base);
                load.off = off;
            }
            load
        }
        BPF_STX if code & MODE == BPF_MEM => {
            let mut store = instruction;
            if let Some((base, off)) = displacement(registers, store.dst_reg(), store.off) {
                store.set_dst_reg(base);
                store.off = off;
            }
            store
        }
        _ => instruction,
    }
}

/// Base and displacement of the address `register + off`.
fn displacement(registers: &Registers, register: u8, off: i16) -> Option<(u8, i16)> {
    let Some(Known::BasePlus { base, offset }) = registers.known(register) else {
        return None;
    };
    let off = i16::try_from(i32::from(off).checked_add(offset)?).ok()?;
    Some((base, off))
}

fn arithmetic(instruction: bpf_insn, registers: &Registers) -> bpf_insn {
    let code = u32::from(instruction.code);
    let wide = code & CLASS == BPF_ALU64;
    if let Some(Known::Number(number)) = registers.result(instruction)
        && let Some((class, imm)) = as_move(number)
    {
        let mut set = instruction;
        set.code = (class | BPF_MOV | BPF_K) as u8;
        set.set_src_reg(0);
        set.imm = imm;
        return set;
    }
    let is_foldable = match code & OPERATION {
        BPF_ADD | BPF_SUB | BPF_MUL | BPF_AND | BPF_OR | BPF_XOR => true,
        // The kernel refuses to shift by as many bits as there are.
        BPF_LSH | BPF_RSH => {
            let bits = if wide { 64 } else { 32 };
            registers
                .number(instruction.src_reg())
                .is_some_and(|number| number < bits)
        }
        _ => false,
    };
    if !is_foldable || code & BPF_X == 0 || instruction.off != 0 {
        return instruction;
    }
    with_immediate(instruction, registers, wide)
}

fn comparison(instruction: bpf_insn, registers: &Registers) -> bpf_insn {
    let wide = u32::from(instruction.code) & CLASS == BPF_JMP;
    with_immediate(instruction, registers, wide)
}

/// The same instruction with an immediate for its source register, where that is known and fits.
fn with_immediate(mut instruction: bpf_insn, registers: &Registers, wide: bool) -> bpf_insn {
    let number = registers.number(instruction.src_reg());
    let imm = number.and_then(|number| match wide {
        true => i32::try_from(number.cast_signed()).ok(),
        false => Some((number as u32).cast_signed()),
    });
    if let Some(imm) = imm {
        instruction.code &= !(BPF_X as u8);
        instruction.set_src_reg(0);
        instruction.imm = imm;
    }
    instruction
}

/// Class and immediate of the move that sets a register to a number: by 64 bits it extends the sign of
/// the immediate, by 32 it clears the upper half.
fn as_move(number: u64) -> Option<(u32, i32)> {
    if let Ok(imm) = i32::try_from(number.cast_signed()) {
        return Some((BPF_ALU64, imm));
    }
    let imm = u32::try_from(number).ok()?;
    Some((BPF_ALU, imm.cast_signed()))
}

#[cfg(test)]
mod tests {
    use aya_obj::generated::{BPF_DW, BPF_JEQ, BPF_W};

    use super::*;
    use crate::kernel::sys::instruction::{exit, fields, instruction};

    fn set(register: u8, value: i32) -> bpf_insn {
        instruction(BPF_ALU | BPF_MOV | BPF_K, (register, 0), 0, value)
    }

    fn wide(operation: u32, registers: (u8, u8), imm: i32) -> bpf_insn {
        instruction(BPF_ALU64 | operation, registers, 0, imm)
    }

    fn load(dst: u8, src: u8, off: i16) -> bpf_insn {
        instruction(BPF_LDX | BPF_MEM | BPF_DW, (dst, src), off, 0)
    }

    fn store(dst: u8, src: u8, off: i16) -> bpf_insn {
        instruction(BPF_STX | BPF_MEM | BPF_W, (dst, src), off, 0)
    }

    /// Asserts how a program is folded.
    fn becomes(before: &[bpf_insn], after: &[bpf_insn]) {
        let mut program = before.to_vec();
        fold(&mut program);
        assert_eq!(fields(&program), fields(after));
    }

    #[test]
    fn offsets_go_into_loads_and_stores() {
        // Compilers add in both orders.
        becomes(
            &[
                set(3, 40),
                wide(BPF_MOV | BPF_X, (2, 6), 0),
                wide(BPF_ADD | BPF_X, (2, 3), 0),
                load(2, 2, 8),
                wide(BPF_ADD | BPF_X, (3, 7), 0),
                store(3, 1, -8),
                exit(),
            ],
            &[
                wide(BPF_MOV | BPF_K, (3, 0), 40),
                wide(BPF_MOV | BPF_X, (2, 6), 0),
                wide(BPF_ADD | BPF_K, (2, 0), 40),
                load(2, 6, 48),
                wide(BPF_ADD | BPF_X, (3, 7), 0),
                store(7, 1, 32),
                exit(),
            ],
        );
    }

    #[test]
    fn a_base_that_has_changed_is_not_used() {
        let program = [
            wide(BPF_MOV | BPF_X, (2, 6), 0),
            wide(BPF_ADD | BPF_K, (2, 0), 40),
            load(6, 6, 0),
            load(3, 2, 0),
            exit(),
        ];
        becomes(&program, &program);
        // Nor one that is out of reach of an instruction.
        let program = [
            wide(BPF_MOV | BPF_X, (2, 6), 0),
            wide(BPF_ADD | BPF_K, (2, 0), 32_760),
            load(3, 2, 8),
            exit(),
        ];
        becomes(&program, &program);
    }

    #[test]
    fn arithmetic_on_numbers_is_done() {
        becomes(
            &[
                set(2, 13),
                wide(BPF_SUB | BPF_K, (2, 0), 32),
                wide(BPF_AND | BPF_K, (2, 0), 31),
                wide(BPF_RSH | BPF_X, (4, 2), 0),
                instruction(BPF_JMP | BPF_JEQ | BPF_X, (4, 2), 0, 0),
                exit(),
            ],
            &[
                wide(BPF_MOV | BPF_K, (2, 0), 13),
                wide(BPF_MOV | BPF_K, (2, 0), -19),
                wide(BPF_MOV | BPF_K, (2, 0), 13),
                wide(BPF_RSH | BPF_K, (4, 0), 13),
                instruction(BPF_JMP | BPF_JEQ | BPF_K, (4, 0), 0, 13),
                exit(),
            ],
        );
    }

    #[test]
    fn numbers_of_32_bits_keep_their_upper_half_clear() {
        becomes(
            &[
                set(2, -1),
                wide(BPF_MOV | BPF_X, (3, 2), 0),
                instruction(BPF_JMP | BPF_JEQ | BPF_X, (4, 2), 0, 0),
                exit(),
            ],
            &[
                set(2, -1),
                set(3, -1),
                // 2^32 - 1 is not an immediate of 32 bits with a sign.
                instruction(BPF_JMP | BPF_JEQ | BPF_X, (4, 2), 0, 0),
                exit(),
            ],
        );
    }

    #[test]
    fn an_opaque_number_stays_opaque() {
        // The probes hide numbers from the verifier in this way.
        let program = [
            wide(BPF_MOV | BPF_K, (2, 0), 1),
            wide(BPF_ADD | BPF_X, (2, 6), 0),
            wide(BPF_SUB | BPF_X, (2, 6), 0),
            instruction(BPF_JMP | BPF_JEQ | BPF_K, (2, 0), 0, 1),
            exit(),
        ];
        becomes(&program, &program);
    }

    #[test]
    fn a_shift_by_too_many_bits_keeps_its_register() {
        let program = [
            wide(BPF_MOV | BPF_K, (2, 0), 64),
            wide(BPF_LSH | BPF_X, (4, 2), 0),
            exit(),
        ];
        becomes(&program, &program);
    }
}
