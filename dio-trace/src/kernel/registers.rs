//! What the registers of a program hold, followed from constants on, as far as nothing else leads to
//! an instruction.

use std::os::fd::RawFd;

use aya_obj::generated::{
    BPF_ADD, BPF_ALU, BPF_ALU64, BPF_CALL, BPF_JMP, BPF_JMP32, BPF_LD, BPF_LDX, BPF_MOV,
    BPF_PSEUDO_MAP_VALUE, BPF_ST, BPF_STX, BPF_X, bpf_insn,
};

use crate::kernel::instructions::{CLASS, LOAD_WIDE, OPERATION};

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// A number.
    Number(u64),
    /// The address of this byte of the one value of a map, which goes by its descriptor.
    Address(RawFd, i32),
}

/// All registers. A program has eleven; its instructions have room for the numbers of sixteen.
#[derive(Clone, Debug, Default)]
pub(super) struct Registers([Option<Held>; 16]);

impl Registers {
    /// What a register holds, if that is known.
    pub(super) fn held(&self, register: u8) -> Option<Held> {
        self.0.get(usize::from(register)).copied().flatten()
    }

    /// The number that a register holds, if it does and that is known.
    pub(super) fn number(&self, register: u8) -> Option<u64> {
        match self.held(register)? {
            Held::Number(number) => Some(number),
            Held::Address(..) => None,
        }
    }

    /// Goes over an instruction. `second` is the other slot of a wide one.
    pub(super) fn follow(&mut self, instruction: bpf_insn, second: Option<bpf_insn>) {
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
            BPF_STX => {
                self.set(0, None);
                self.set(src, None);
            }
            BPF_LDX => self.set(dst, None),
            _ => self.call(),
        }
    }

    /// What an instruction of arithmetic leaves.
    fn calculated(&self, instruction: bpf_insn) -> Option<Held> {
        let code = u32::from(instruction.code);
        let immediate = i64::from(instruction.imm).cast_unsigned();
        let moved = match code & OPERATION {
            // With `off` it extends a sign.
            BPF_MOV if instruction.off != 0 => None,
            BPF_MOV if code & BPF_X == BPF_X => self.held(instruction.src_reg()),
            BPF_MOV => Some(Held::Number(immediate)),
            BPF_ADD if code & BPF_X == 0 => match self.held(instruction.dst_reg())? {
                Held::Number(number) => Some(Held::Number(number.wrapping_add(immediate))),
                Held::Address(map, offset) => {
                    Some(Held::Address(map, offset.checked_add(instruction.imm)?))
                }
            },
            _ => None,
        };
        match moved? {
            Held::Number(number) if code & CLASS == BPF_ALU => {
                Some(Held::Number(number & u64::from(u32::MAX)))
            }
            Held::Address(..) if code & CLASS == BPF_ALU => None,
            whole => Some(whole),
        }
    }

    fn set(&mut self, register: u8, held: Option<Held>) {
        if let Some(place) = self.0.get_mut(usize::from(register)) {
            *place = held;
        }
    }

    /// A call leaves the registers of its arguments and its result in no known state.
    fn call(&mut self) {
        self.0[..=5].fill(None);
    }
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
