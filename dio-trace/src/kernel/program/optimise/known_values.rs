//! Constant propagation over straight-line code: what each register is known to hold.

use std::{collections::HashSet, os::fd::RawFd};

use aya_obj::generated::{
    BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_ARSH, BPF_ATOMIC, BPF_CMPXCHG, BPF_DIV, BPF_END,
    BPF_FETCH, BPF_JMP, BPF_JMP32, BPF_LD, BPF_LDX, BPF_LSH, BPF_MEM, BPF_MEMSX, BPF_MOD, BPF_MOV,
    BPF_MUL, BPF_NEG, BPF_OR, BPF_PSEUDO_MAP_VALUE, BPF_RSH, BPF_ST, BPF_STX, BPF_SUB, BPF_X,
    BPF_XCHG, BPF_XOR, bpf_insn,
};

use crate::kernel::sys::instruction::{
    CLASS, Kind, LOAD_WIDE, MODE, OPERATION, kind, starts, target,
};

/// Replaces each instruction by what `change` makes of it and of the registers before it. None is added
/// or removed. Everything is forgotten at an instruction that can be jumped to.
pub(super) fn rewrite(
    instructions: &mut [bpf_insn],
    change: impl Fn(bpf_insn, &Registers) -> bpf_insn,
) {
    let joins: HashSet<usize> = (0..instructions.len())
        .filter_map(|at| target(instructions, at))
        .collect();
    let mut registers = Registers::default();
    for at in starts(instructions).collect::<Vec<_>>() {
        if joins.contains(&at) {
            registers = Registers::default();
        }
        let instruction = instructions[at];
        instructions[at] = change(instruction, &registers);
        registers.step(instruction, instructions.get(at + 1).copied());
    }
}

/// Content of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// A number.
    Number(u64),
    /// The address of a byte in the one value of a map.
    MapValue { map: RawFd, offset: i32 },
    /// The sum of what another register holds and a number.
    BasePlus { base: u8, offset: i32 },
}

/// All registers. A program has eleven; an instruction has room for the numbers of sixteen.
#[derive(Clone, Debug, Default)]
pub(super) struct Registers([Option<Known>; 16]);

impl Registers {
    /// Content of a register; `None` where it is not known.
    pub(super) fn known(&self, register: u8) -> Option<Known> {
        self.0.get(usize::from(register)).copied().flatten()
    }

    /// The number in a register; `None` where it is not known to hold one.
    pub(super) fn number(&self, register: u8) -> Option<u64> {
        match self.known(register)? {
            Known::Number(number) => Some(number),
            Known::MapValue { .. } | Known::BasePlus { .. } => None,
        }
    }

    /// Result of an instruction of arithmetic, by 64 or 32 bits; of the latter the upper half is 0.
    pub(super) fn result(&self, instruction: bpf_insn) -> Option<Known> {
        let code = u32::from(instruction.code);
        let wide = code & CLASS == BPF_ALU64;
        let (dst, src) = (instruction.dst_reg(), instruction.src_reg());
        // Division by sign, or a move that extends a sign.
        if instruction.off != 0 {
            return None;
        }
        let operand = match code & BPF_X == BPF_X {
            true => self.known(src),
            false => Some(Known::Number(i64::from(instruction.imm).cast_unsigned())),
        };
        // A register whose content is not known holds itself.
        let itself = |base| Known::BasePlus { base, offset: 0 };
        let result = match code & OPERATION {
            BPF_MOV if src == dst && code & BPF_X == BPF_X => operand?,
            BPF_MOV => operand.unwrap_or_else(|| itself(src)),
            BPF_ADD => match (self.known(dst), operand) {
                (Some(known), Some(Known::Number(number))) => sum(known, number)?,
                (Some(Known::Number(number)), other) => {
                    sum(other.unwrap_or_else(|| itself(src)), number)?
                }
                _ => return None,
            },
            operation => {
                let (left, Known::Number(right)) = (self.number(dst)?, operand?) else {
                    return None;
                };
                Known::Number(calculate(operation, left, right, wide)?)
            }
        };
        match result {
            Known::BasePlus { base, .. } if base == dst => None,
            Known::Number(number) if !wide => Some(Known::Number(number & u64::from(u32::MAX))),
            whole if wide => Some(whole),
            _ => None,
        }
    }

    /// Goes over an instruction. `second` is the other slot of a wide one. An opcode that is not listed
    /// may change any register.
    fn step(&mut self, instruction: bpf_insn, second: Option<bpf_insn>) {
        let code = u32::from(instruction.code);
        let dst = instruction.dst_reg();
        match (code & CLASS, code & MODE, code & OPERATION) {
            (
                BPF_ALU | BPF_ALU64,
                _,
                BPF_ADD | BPF_SUB | BPF_MUL | BPF_DIV | BPF_OR | BPF_AND | BPF_LSH | BPF_RSH
                | BPF_NEG | BPF_MOD | BPF_XOR | BPF_MOV | BPF_ARSH | BPF_END,
            ) => self.set(dst, self.result(instruction)),
            (BPF_LD, ..) if code == LOAD_WIDE => {
                self.set(dst, second.and_then(|second| wide(instruction, second)));
            }
            (BPF_LDX, BPF_MEM | BPF_MEMSX, _) => self.set(dst, None),
            (BPF_ST | BPF_STX, BPF_MEM, _) => {}
            (BPF_STX, BPF_ATOMIC, _) => self.step_atomic(instruction),
            (BPF_JMP | BPF_JMP32, ..) => match kind(instruction) {
                Kind::Jump | Kind::LongJump | Kind::Branch | Kind::Exit => {}
                // Of a helper, of the kernel or of the program: the result and the arguments.
                Kind::Call | Kind::Other => (0..=5).for_each(|register| self.set(register, None)),
                Kind::FunctionAddress | Kind::Wide | Kind::Unknown => self.forget_all(),
            },
            _ => self.forget_all(),
        }
    }

    /// Goes over an atomic instruction, whose operation is in `imm`.
    fn step_atomic(&mut self, instruction: bpf_insn) {
        /// Load with acquire, from 6.15 (include/uapi/linux/bpf.h).
        const LOAD_ACQ: u32 = 0x100;
        /// Store with release, from 6.15.
        const STORE_REL: u32 = 0x110;
        const FETCH_ADD: u32 = BPF_FETCH | BPF_ADD;
        const FETCH_AND: u32 = BPF_FETCH | BPF_AND;
        const FETCH_OR: u32 = BPF_FETCH | BPF_OR;
        const FETCH_XOR: u32 = BPF_FETCH | BPF_XOR;
        match instruction.imm.cast_unsigned() {
            BPF_ADD | BPF_AND | BPF_OR | BPF_XOR | STORE_REL => {}
            FETCH_ADD | FETCH_AND | FETCH_OR | FETCH_XOR | BPF_XCHG => {
                self.set(instruction.src_reg(), None);
            }
            BPF_CMPXCHG => self.set(0, None),
            LOAD_ACQ => self.set(instruction.dst_reg(), None),
            _ => self.forget_all(),
        }
    }

    /// Changes a register. Whatever was known relative to it is not known any more.
    fn set(&mut self, register: u8, known: Option<Known>) {
        for known in &mut self.0 {
            if matches!(known, Some(Known::BasePlus { base, .. }) if *base == register) {
                *known = None;
            }
        }
        if let Some(place) = self.0.get_mut(usize::from(register)) {
            *place = known;
        }
    }

    fn forget_all(&mut self) {
        *self = Self::default();
    }
}

fn sum(known: Known, number: u64) -> Option<Known> {
    let plus = |offset: i32| offset.checked_add(i32::try_from(number.cast_signed()).ok()?);
    Some(match known {
        Known::Number(other) => Known::Number(other.wrapping_add(number)),
        Known::MapValue { map, offset } => Known::MapValue {
            map,
            offset: plus(offset)?,
        },
        Known::BasePlus { base, offset } => Known::BasePlus {
            base,
            offset: plus(offset)?,
        },
    })
}

/// Result of an operation other than moving and adding; `None` for those that are not worth it. By 32
/// bits only the lower halves count; the upper half of the result has no meaning.
fn calculate(operation: u32, left: u64, right: u64, wide: bool) -> Option<u64> {
    let (left, bits) = match wide {
        true => (left, 64),
        false => (left & u64::from(u32::MAX), 32),
    };
    let distance = || {
        u32::try_from(right)
            .ok()
            .filter(|distance| *distance < bits)
    };
    Some(match operation {
        BPF_SUB => left.wrapping_sub(right),
        BPF_AND => left & right,
        BPF_OR => left | right,
        BPF_XOR => left ^ right,
        BPF_LSH => left << distance()?,
        BPF_RSH => left >> distance()?,
        _ => return None,
    })
}

fn wide(first: bpf_insn, second: bpf_insn) -> Option<Known> {
    match u32::from(first.src_reg()) {
        0 => {
            let high = u64::from(second.imm.cast_unsigned()) << 32;
            Some(Known::Number(high | u64::from(first.imm.cast_unsigned())))
        }
        BPF_PSEUDO_MAP_VALUE => Some(Known::MapValue {
            map: first.imm,
            offset: second.imm,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::sys::instruction::instruction;

    const NONE: [u8; 0] = [];
    const SET_TO_7: u32 = BPF_ALU64 | BPF_MOV;
    const ATOMIC: u32 = BPF_STX | BPF_ATOMIC | aya_obj::generated::BPF_DW;

    /// Registers that are still known to hold 7 after an instruction before which all do.
    fn still_known(instruction: bpf_insn) -> Vec<u8> {
        let mut registers = Registers([Some(Known::Number(7)); 16]);
        registers.step(instruction, None);
        let known = (0..=10).filter(|register| registers.number(*register) == Some(7));
        known.collect()
    }

    fn all_but(changed: &[u8]) -> Vec<u8> {
        (0..=10)
            .filter(|register| !changed.contains(register))
            .collect()
    }

    #[test]
    fn an_atomic_instruction_changes_what_its_operation_changes() {
        let atomic =
            |operation: u32| still_known(instruction(ATOMIC, (2, 3), 0, operation.cast_signed()));
        assert_eq!(atomic(BPF_ADD), all_but(&[]));
        assert_eq!(atomic(BPF_ADD | BPF_FETCH), all_but(&[3]));
        assert_eq!(atomic(BPF_XCHG), all_but(&[3]));
        assert_eq!(atomic(BPF_CMPXCHG), all_but(&[0]));
        // Load with acquire and store with release.
        assert_eq!(atomic(0x100), all_but(&[2]));
        assert_eq!(atomic(0x110), all_but(&[]));
        assert_eq!(atomic(0x120), NONE);
    }

    #[test]
    fn an_unknown_opcode_may_change_every_register() {
        let known = |code: u32| still_known(instruction(code, (2, 3), 0, 0));
        assert_eq!(known(SET_TO_7), all_but(&[2]));
        assert_eq!(known(BPF_ALU64 | 0xe0), NONE);
        assert_eq!(known(BPF_LDX | 0xa0), NONE);
        assert_eq!(known(BPF_ST | 0xa0), NONE);
        assert_eq!(known(BPF_JMP | 0xf0), NONE);
        assert_eq!(known(BPF_LD | 0x20), NONE, "an old load from a packet");
    }
}
