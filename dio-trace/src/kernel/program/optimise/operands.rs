//! Writes numbers and places that are known into the instructions that use them, in place of the
//! registers that hold them: what these were set by is then for [`dead_stores`](super::dead_stores).

use aya_obj::generated::{
    BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_JA, BPF_JMP, BPF_JMP32, BPF_K, BPF_LDX, BPF_LSH,
    BPF_MEM, BPF_MOV, BPF_MUL, BPF_OR, BPF_RSH, BPF_STX, BPF_SUB, BPF_X, BPF_XOR, bpf_insn,
};

use crate::kernel::{
    program::optimise::known_values::{self, Held, Registers},
    sys::instruction::{CLASS, MODE, OPERATION},
};

/// Rewrites instructions one by one; none comes or goes.
pub(in crate::kernel) fn write_in(instructions: &mut [bpf_insn]) {
    known_values::rewrite(instructions, rewritten);
}

fn rewritten(instruction: bpf_insn, registers: &Registers) -> bpf_insn {
    let code = u32::from(instruction.code);
    match code & CLASS {
        BPF_ALU | BPF_ALU64 => calculation(instruction, registers),
        BPF_JMP | BPF_JMP32 if code & OPERATION > BPF_JA && code & BPF_X == BPF_X => {
            comparison(instruction, registers)
        }
        BPF_LDX if code & MODE == BPF_MEM => {
            let mut load = instruction;
            if let Some((base, off)) = place(registers, load.src_reg(), load.off) {
                load.set_src_reg(base);
                load.off = off;
            }
            load
        }
        BPF_STX if code & MODE == BPF_MEM => {
            let mut store = instruction;
            if let Some((base, off)) = place(registers, store.dst_reg(), store.off) {
                store.set_dst_reg(base);
                store.off = off;
            }
            store
        }
        _ => instruction,
    }
}

/// The register and distance that stand for `register` and `off`.
fn place(registers: &Registers, register: u8, off: i16) -> Option<(u8, i16)> {
    let Some(Held::Beyond(base, beyond)) = registers.held(register) else {
        return None;
    };
    let off = i16::try_from(i32::from(off).checked_add(beyond)?).ok()?;
    Some((base, off))
}

fn calculation(instruction: bpf_insn, registers: &Registers) -> bpf_insn {
    let code = u32::from(instruction.code);
    let wide = code & CLASS == BPF_ALU64;
    if let Some(Held::Number(number)) = registers.calculated(instruction)
        && let Some((class, imm)) = as_set(number)
    {
        let mut set = instruction;
        set.code = (class | BPF_MOV | BPF_K) as u8;
        set.set_src_reg(0);
        set.imm = imm;
        return set;
    }
    let written = match code & OPERATION {
        BPF_ADD | BPF_SUB | BPF_MUL | BPF_AND | BPF_OR | BPF_XOR => true,
        // The kernel refuses a number that is too large.
        BPF_LSH | BPF_RSH => {
            let bits = if wide { 64 } else { 32 };
            registers
                .number(instruction.src_reg())
                .is_some_and(|number| number < bits)
        }
        _ => false,
    };
    if !written || code & BPF_X == 0 || instruction.off != 0 {
        return instruction;
    }
    with_number(instruction, registers, wide)
}

fn comparison(instruction: bpf_insn, registers: &Registers) -> bpf_insn {
    let wide = u32::from(instruction.code) & CLASS == BPF_JMP;
    with_number(instruction, registers, wide)
}

/// The same with a number for its source.
fn with_number(mut instruction: bpf_insn, registers: &Registers, wide: bool) -> bpf_insn {
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

/// How a register is set to a number: one of 64 bits extends the sign of 32.
fn as_set(number: u64) -> Option<(u32, i32)> {
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
    use crate::kernel::sys::instruction::{exit, instruction, same};

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

    /// Asserts what becomes of a program.
    fn becomes(before: &[bpf_insn], after: &[bpf_insn]) {
        let mut program = before.to_vec();
        write_in(&mut program);
        assert_eq!(same(&program), same(after));
    }

    #[test]
    fn offsets_go_into_loads_and_stores() {
        // Both orders that compilers use.
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
        // Nor one that points behind the reach of an instruction.
        let program = [
            wide(BPF_MOV | BPF_X, (2, 6), 0),
            wide(BPF_ADD | BPF_K, (2, 0), 32_760),
            load(3, 2, 8),
            exit(),
        ];
        becomes(&program, &program);
    }

    #[test]
    fn numbers_are_calculated() {
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
    fn numbers_of_32_bits_keep_their_upper_half_empty() {
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
                // Which a number of 32 bits with a sign cannot say.
                instruction(BPF_JMP | BPF_JEQ | BPF_X, (4, 2), 0, 0),
                exit(),
            ],
        );
    }

    #[test]
    fn what_is_made_unknown_stays_so() {
        // `forget`: a number that the verifier must not see.
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
    fn a_distance_that_is_too_far_stays_in_its_register() {
        let program = [
            wide(BPF_MOV | BPF_K, (2, 0), 64),
            wide(BPF_LSH | BPF_X, (4, 2), 0),
            exit(),
        ];
        becomes(&program, &program);
    }
}
