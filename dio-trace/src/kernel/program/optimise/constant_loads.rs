//! Loads of constants become the constants themselves: offsets in the kernel's structures and settings,
//! which each program loads several hundred times.

use aya_obj::generated::{BPF_ALU, BPF_K, BPF_LDX, BPF_MEM, BPF_MOV, bpf_insn};

use crate::kernel::{
    program::{
        constants::Constants,
        optimise::known_values::{self, Known},
    },
    sys::instruction::instruction,
};

/// Bits of the opcode of a load that say how many bytes it reads.
const SIZE: u32 = 0x18;
/// Opcode that sets a register to a number below 2^32.
const SET: u32 = BPF_ALU | BPF_MOV | BPF_K;
/// Bytes that a load reads, by its number in the bits of [`SIZE`].
const BYTES: [usize; 4] = [4, 2, 1, 8];

/// Replaces each load of a constant by the constant, unless it has more than 32 bits: two slots would
/// take the place of one. The instructions that made the address are left for `dead_stores`.
pub(super) fn inline(instructions: &mut [bpf_insn], constants: &Constants) {
    known_values::rewrite(instructions, |load, registers| {
        let value = match registers.known(load.src_reg()) {
            Some(Known::MapValue { map, offset }) if map == constants.map => {
                constant(load, offset, &constants.bytes)
            }
            _ => None,
        };
        value.map_or(load, |value| set(load.dst_reg(), value))
    });
}

/// Sets a register.
fn set(register: u8, value: u32) -> bpf_insn {
    instruction(SET, (register, 0), 0, value.cast_signed())
}

/// Number that `load` reads from the address of the byte at `offset`.
fn constant(load: bpf_insn, offset: i32, data: &[u8]) -> Option<u32> {
    let code = u32::from(load.code);
    if code & !SIZE != BPF_LDX | BPF_MEM {
        return None;
    }
    let size = *BYTES.get((code & SIZE) as usize >> 3)?;
    let start = usize::try_from(offset.checked_add(i32::from(load.off))?).ok()?;
    let bytes = data.get(start..start.checked_add(size)?)?;
    match *bytes {
        [byte] => Some(u32::from(byte)),
        [low, high] => Some(u32::from(u16::from_ne_bytes([low, high]))),
        [a, b, c, d] => Some(u32::from_ne_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => u64::from_ne_bytes([a, b, c, d, e, f, g, h]).try_into().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::RawFd;

    use aya_obj::generated::{
        BPF_ADD, BPF_ALU64, BPF_B, BPF_CALL, BPF_DW, BPF_H, BPF_JA, BPF_JMP, BPF_JMP32,
        BPF_PSEUDO_MAP_VALUE, BPF_W, BPF_X,
    };

    use super::*;
    use crate::kernel::sys::instruction::{LOAD_WIDE, exit};

    const MAP: RawFd = 7;
    const DATA: [u8; 8] = [1, 0, 0, 0x80, 5, 6, 7, 8];

    fn address(map: RawFd, register: u8, offset: i32) -> [bpf_insn; 2] {
        let pseudo = BPF_PSEUDO_MAP_VALUE as u8;
        [
            instruction(LOAD_WIDE, (register, pseudo), 0, map),
            instruction(0, (0, 0), 0, offset),
        ]
    }

    fn load(size: u32, dst: u8, src: u8, offset: i16) -> bpf_insn {
        instruction(BPF_LDX | BPF_MEM | size, (dst, src), offset, 0)
    }

    fn inline(instructions: &mut [bpf_insn]) {
        let constants = Constants {
            map: MAP,
            bytes: DATA.to_vec(),
        };
        super::inline(instructions, &constants);
    }

    /// The number that register 3 is set to, if it is.
    fn number(program: &[bpf_insn]) -> Option<i32> {
        let set = program[2];
        if u32::from(set.code) != SET {
            return None;
        }
        assert_eq!((set.dst_reg(), set.src_reg(), set.off), (3, 0, 0));
        Some(set.imm)
    }

    fn inlined(map: RawFd, offset: i32, load: bpf_insn) -> Option<i32> {
        let [first, second] = address(map, 3, offset);
        let mut program = [first, second, load, exit()];
        inline(&mut program);
        number(&program)
    }

    #[test]
    fn constants_of_each_size_are_written_in() {
        assert_eq!(
            inlined(MAP, 0, load(BPF_W, 3, 3, 0)),
            Some(0x8000_0001_u32.cast_signed())
        );
        assert_eq!(inlined(MAP, 2, load(BPF_H, 3, 3, 2)), Some(0x0605));
        assert_eq!(inlined(MAP, 0, load(BPF_B, 3, 3, 7)), Some(8));
    }

    #[test]
    fn all_else_is_left_alone() {
        // More than 32 bits, another map, another register, and an address outside of the data.
        assert_eq!(inlined(MAP, 0, load(BPF_DW, 3, 3, 0)), None);
        assert_eq!(inlined(MAP + 1, 0, load(BPF_W, 3, 3, 0)), None);
        assert_eq!(inlined(MAP, 0, load(BPF_W, 3, 4, 0)), None);
        assert_eq!(inlined(MAP, 5, load(BPF_W, 3, 3, 0)), None);
        assert_eq!(inlined(MAP, -1, load(BPF_B, 3, 3, 0)), None);
    }

    #[test]
    fn an_address_may_live_on_and_be_moved() {
        let [first, second] = address(MAP, 6, 1);
        let moved = instruction(BPF_ALU64 | BPF_MOV | BPF_X, (2, 6), 0, 0);
        let added = instruction(BPF_ALU64 | BPF_ADD, (2, 0), 0, 3);
        let call = instruction(BPF_JMP | BPF_CALL, (0, 0), 0, 14);
        let mut program = [
            first,
            second,
            load(BPF_B, 4, 6, 0),
            moved,
            added,
            load(BPF_B, 2, 2, 0),
            call,
            load(BPF_B, 1, 6, 5),
            load(BPF_B, 1, 2, 0),
            exit(),
        ];
        inline(&mut program);
        let at = |place: usize| (u32::from(program[place].code), program[place].imm);
        assert_eq!(at(0), (LOAD_WIDE, MAP));
        assert_eq!(at(2), (SET, 0));
        assert_eq!(at(5), (SET, 5));
        assert_eq!(at(7), (SET, 7));
        // A call changes the registers of its arguments.
        assert_eq!(at(8).0, BPF_LDX | BPF_MEM | BPF_B);
    }

    #[test]
    fn a_load_that_is_jumped_to_is_left_alone() {
        let [first, second] = address(MAP, 3, 0);
        let back = instruction(BPF_JMP | BPF_JA, (0, 0), -2, 0);
        let mut program = [first, second, load(BPF_W, 3, 3, 0), back, exit()];
        inline(&mut program);
        assert_eq!(number(&program), None);
        // The long form of the same jump.
        program[3] = instruction(BPF_JMP32 | BPF_JA, (0, 0), 0, -2);
        inline(&mut program);
        assert_eq!(number(&program), None);
    }
}
