//! Writes constants into the instructions that would load them: offsets in the kernel's structures
//! and settings, several hundred times in each program.

use std::os::fd::RawFd;

use aya_obj::generated::{
    BPF_ALU, BPF_JA, BPF_JMP, BPF_K, BPF_LDX, BPF_MEM, BPF_MOV, BPF_PSEUDO_MAP_VALUE, bpf_insn,
};

use crate::kernel::instructions::{LOAD_WIDE, targets};

const SIZE: u32 = 0x18;
/// A register is set to a number below 2^32.
const SET: u32 = BPF_ALU | BPF_MOV | BPF_K;
/// Sizes of [`SIZE`] in bytes, by its number.
const BYTES: [usize; 4] = [4, 2, 1, 8];

/// Replaces each load of a constant from the read-only map `map`, which holds `data`, by the constant.
/// The number of instructions stays: what is left over does nothing, and is for
/// [`dead_code::remove`](crate::kernel::dead_code::remove).
///
/// Left as they are: loads of eight bytes, and loads whose address is used again.
pub(super) fn inline(instructions: &mut [bpf_insn], map: RawFd, data: &[u8]) {
    let targets = targets(instructions);
    for at in 0..instructions.len() {
        let Some(&[first, second, load]) = instructions.get(at..at + 3) else {
            return;
        };
        if u32::from(first.code) != LOAD_WIDE
            || u32::from(first.src_reg()) != BPF_PSEUDO_MAP_VALUE
            || first.imm != map
            || targets.contains(&(at + 2))
        {
            continue;
        }
        let Some(value) = constant(first, second, load, data) else {
            continue;
        };
        let mut set = first;
        set.code = SET as u8;
        set.set_src_reg(0);
        set.imm = value.cast_signed();
        let mut nothing = second;
        nothing.code = (BPF_JMP | BPF_JA) as u8;
        nothing.imm = 0;
        if let Some(place) = instructions.get_mut(at..at + 3) {
            place.copy_from_slice(&[set, nothing, nothing]);
        }
    }
}

/// What `load` reads, where it reads into the very register that holds the address.
fn constant(first: bpf_insn, second: bpf_insn, load: bpf_insn, data: &[u8]) -> Option<u32> {
    let code = u32::from(load.code);
    let register = first.dst_reg();
    let into_itself = load.dst_reg() == register && load.src_reg() == register;
    if code & !SIZE != BPF_LDX | BPF_MEM || !into_itself {
        return None;
    }
    let size = *BYTES.get((code & SIZE) as usize >> 3)?;
    let start = usize::try_from(second.imm.checked_add(i32::from(load.off))?).ok()?;
    let bytes = data.get(start..start.checked_add(size)?)?;
    match *bytes {
        [byte] => Some(u32::from(byte)),
        [low, high] => Some(u32::from(u16::from_ne_bytes([low, high]))),
        [a, b, c, d] => Some(u32::from_ne_bytes([a, b, c, d])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aya_obj::generated::{BPF_B, BPF_DW, BPF_EXIT, BPF_H, BPF_JMP32, BPF_W};

    use super::*;
    use crate::kernel::instructions::instruction;

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

    fn exit() -> bpf_insn {
        instruction(BPF_JMP | BPF_EXIT, (0, 0), 0, 0)
    }

    /// The number that register 3 is set to, if it is; the two slots behind must do nothing then.
    fn set(program: &[bpf_insn]) -> Option<i32> {
        let set = program[0];
        if u32::from(set.code) != SET {
            return None;
        }
        assert_eq!((set.dst_reg(), set.src_reg(), set.off), (3, 0, 0));
        for nothing in &program[1..3] {
            assert_eq!(u32::from(nothing.code), BPF_JMP | BPF_JA);
            assert_eq!((nothing.off, nothing.imm), (0, 0));
        }
        Some(set.imm)
    }

    fn inlined(map: RawFd, offset: i32, load: bpf_insn) -> Option<i32> {
        let [first, second] = address(map, 3, offset);
        let mut program = [first, second, load, exit()];
        inline(&mut program, MAP, &DATA);
        set(&program)
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
        // Eight bytes, another map, an address that lives on, and one behind the data.
        assert_eq!(inlined(MAP, 0, load(BPF_DW, 3, 3, 0)), None);
        assert_eq!(inlined(MAP + 1, 0, load(BPF_W, 3, 3, 0)), None);
        assert_eq!(inlined(MAP, 0, load(BPF_W, 4, 3, 0)), None);
        assert_eq!(inlined(MAP, 0, load(BPF_W, 3, 4, 0)), None);
        assert_eq!(inlined(MAP, 5, load(BPF_W, 3, 3, 0)), None);
        assert_eq!(inlined(MAP, -1, load(BPF_B, 3, 3, 0)), None);
    }

    #[test]
    fn a_load_that_is_jumped_to_is_left_alone() {
        let [first, second] = address(MAP, 3, 0);
        let back = instruction(BPF_JMP | BPF_JA, (0, 0), -2, 0);
        let mut program = [first, second, load(BPF_W, 3, 3, 0), back, exit()];
        inline(&mut program, MAP, &DATA);
        assert_eq!(set(&program), None);
        // The long form of the same jump.
        program[3] = instruction(BPF_JMP32 | BPF_JA, (0, 0), 0, -2);
        inline(&mut program, MAP, &DATA);
        assert_eq!(set(&program), None);
    }
}
