//! What the registers of a program hold, followed from constants on, as far as nothing else leads to
//! an instruction.

use std::os::fd::RawFd;

use aya_obj::generated::{
    BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_CALL, BPF_JMP, BPF_JMP32, BPF_LD, BPF_LDX, BPF_LSH,
    BPF_MEM, BPF_MOV, BPF_OR, BPF_PSEUDO_MAP_VALUE, BPF_RSH, BPF_ST, BPF_STX, BPF_SUB, BPF_X,
    BPF_XOR, bpf_insn,
};

use crate::kernel::sys::instruction::{CLASS, LOAD_WIDE, MODE, OPERATION, is_wide, targets};

/// Goes over a program, and puts in place of each instruction what `change` makes of it and of what the
/// registers hold before it. None comes or goes.
pub(in crate::kernel) fn rewrite(
    instructions: &mut [bpf_insn],
    change: impl Fn(bpf_insn, &Registers) -> bpf_insn,
) {
    let targets = targets(instructions);
    let mut registers = Registers::default();
    let mut at = 0;
    while let Some(&instruction) = instructions.get(at) {
        if targets.contains(&at) {
            registers = Registers::default();
        }
        instructions[at] = change(instruction, &registers);
        registers.follow(instruction, instructions.get(at + 1).copied());
        at += if is_wide(instruction) { 2 } else { 1 };
    }
}

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) enum Held {
    /// A number.
    Number(u64),
    /// The address of this byte of the one value of a map, which goes by its descriptor.
    Address(RawFd, i32),
    /// What another register holds, and a number more.
    Beyond(u8, i32),
}

/// All registers. A program has eleven; its instructions have room for the numbers of sixteen.
#[derive(Clone, Debug, Default)]
pub(in crate::kernel) struct Registers([Option<Held>; 16]);

impl Registers {
    /// What a register holds, if that is known.
    pub(in crate::kernel) fn held(&self, register: u8) -> Option<Held> {
        self.0.get(usize::from(register)).copied().flatten()
    }

    /// The number that a register holds, if it does and that is known.
    pub(in crate::kernel) fn number(&self, register: u8) -> Option<u64> {
        match self.held(register)? {
            Held::Number(number) => Some(number),
            Held::Address(..) | Held::Beyond(..) => None,
        }
    }

    /// Goes over an instruction. `second` is the other slot of a wide one.
    fn follow(&mut self, instruction: bpf_insn, second: Option<bpf_insn>) {
        let code = u32::from(instruction.code);
        let class = code & CLASS;
        let (dst, src) = (instruction.dst_reg(), instruction.src_reg());
        match class {
            BPF_ALU | BPF_ALU64 => self.set(dst, self.calculated(instruction)),
            BPF_LD if code == LOAD_WIDE => {
                self.set(dst, second.and_then(|second| wide(instruction, second)));
            }
            BPF_JMP | BPF_JMP32 if code & OPERATION == BPF_CALL => self.call(),
            // Comparing and storing change no register; an atomic instruction may.
            BPF_JMP | BPF_JMP32 | BPF_ST => {}
            BPF_STX if code & MODE == BPF_MEM => {}
            BPF_STX => {
                self.set(0, None);
                self.set(src, None);
            }
            BPF_LDX => self.set(dst, None),
            _ => self.call(),
        }
    }

    /// What an instruction of arithmetic leaves.
    pub(in crate::kernel) fn calculated(&self, instruction: bpf_insn) -> Option<Held> {
        let code = u32::from(instruction.code);
        let wide = code & CLASS == BPF_ALU64;
        let (dst, src) = (instruction.dst_reg(), instruction.src_reg());
        let operand = match code & BPF_X == BPF_X {
            true => self.held(src),
            false => Some(Held::Number(i64::from(instruction.imm).cast_unsigned())),
        };
        // What is not known is what the register holds now.
        let unknown = |register| Held::Beyond(register, 0);
        let result = match code & OPERATION {
            // With `off` it extends a sign.
            BPF_MOV if instruction.off != 0 => return None,
            BPF_MOV if src == dst && code & BPF_X == BPF_X => operand?,
            BPF_MOV => operand.unwrap_or_else(|| unknown(src)),
            BPF_ADD => match (self.held(dst), operand) {
                (Some(known), Some(Held::Number(number))) => sum(known, number)?,
                (Some(Held::Number(number)), other) => {
                    sum(other.unwrap_or_else(|| unknown(src)), number)?
                }
                _ => return None,
            },
            operation => {
                let (left, Held::Number(right)) = (self.number(dst)?, operand?) else {
                    return None;
                };
                Held::Number(outcome(operation, left, right, wide)?)
            }
        };
        match result {
            Held::Beyond(register, _) if register == dst => None,
            Held::Number(number) if !wide => Some(Held::Number(number & u64::from(u32::MAX))),
            whole if wide => Some(whole),
            _ => None,
        }
    }

    fn set(&mut self, register: u8, held: Option<Held>) {
        self.forget_beyond(register);
        if let Some(place) = self.0.get_mut(usize::from(register)) {
            *place = held;
        }
    }

    /// A call leaves the registers of its arguments and its result in no known state.
    fn call(&mut self) {
        for register in 0..=5 {
            self.set(register, None);
        }
    }

    /// A register is about to change: what others hold is no longer told by it.
    fn forget_beyond(&mut self, register: u8) {
        for held in &mut self.0 {
            if matches!(held, Some(Held::Beyond(base, _)) if *base == register) {
                *held = None;
            }
        }
    }
}

fn sum(held: Held, number: u64) -> Option<Held> {
    let more = |offset: i32| offset.checked_add(i32::try_from(number.cast_signed()).ok()?);
    Some(match held {
        Held::Number(other) => Held::Number(other.wrapping_add(number)),
        Held::Address(map, offset) => Held::Address(map, more(offset)?),
        Held::Beyond(register, offset) => Held::Beyond(register, more(offset)?),
    })
}

/// What an operation other than moving and adding makes of two numbers. Of 32 bits only the lower
/// halves count, the upper half of the result included.
fn outcome(operation: u32, left: u64, right: u64, wide: bool) -> Option<u64> {
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

fn wide(first: bpf_insn, second: bpf_insn) -> Option<Held> {
    match u32::from(first.src_reg()) {
        0 => {
            let high = u64::from(second.imm.cast_unsigned()) << 32;
            Some(Held::Number(high | u64::from(first.imm.cast_unsigned())))
        }
        BPF_PSEUDO_MAP_VALUE => Some(Held::Address(first.imm, second.imm)),
        _ => None,
    }
}
