//! What the instructions of a program are, and where they lead.

use std::{collections::HashSet, os::fd::RawFd};

use aya_obj::generated::{
    BPF_CALL, BPF_DW, BPF_EXIT, BPF_IMM, BPF_JA, BPF_JMP, BPF_JMP32, BPF_LD, BPF_PSEUDO_CALL,
    BPF_PSEUDO_FUNC, BPF_PSEUDO_MAP_FD, bpf_func_info, bpf_insn,
};

pub(in crate::kernel) const CLASS: u32 = 0x07;
pub(in crate::kernel) const OPERATION: u32 = 0xf0;
pub(in crate::kernel) const MODE: u32 = 0xe0;
/// Two slots: a register is set to a number of 64 bits, or to an address.
pub(in crate::kernel) const LOAD_WIDE: u32 = BPF_LD | BPF_IMM | BPF_DW;

/// Instructions that others jump to, or begin a function with.
pub(in crate::kernel) fn targets(instructions: &[bpf_insn]) -> HashSet<usize> {
    (0..instructions.len())
        .filter_map(|at| target(instructions, at))
        .collect()
}

/// Where a jump, a call or the address of a function leads.
pub(in crate::kernel) fn target(instructions: &[bpf_insn], at: usize) -> Option<usize> {
    let instruction = instructions.get(at)?;
    let distance = match kind(*instruction) {
        Kind::Jump | Kind::Branch => i32::from(instruction.off),
        Kind::LongJump | Kind::Call | Kind::FunctionAddress => instruction.imm,
        Kind::Exit | Kind::Wide | Kind::Other => return None,
    };
    at.checked_add(1)?
        .checked_add_signed(isize::try_from(distance).ok()?)
}

/// Lets jumps, calls and addresses of functions lead where they did, once each instruction has gone to its
/// place in `places`, which has one more for what ends there.
pub(in crate::kernel) fn set_distances(instructions: &mut [bpf_insn], places: &[usize]) {
    for at in 0..instructions.len() {
        let Some(target) = target(instructions, at) else {
            continue;
        };
        let (Some(&from), Some(&to)) = (places.get(at), places.get(target)) else {
            continue;
        };
        let distance = to as i64 - from as i64 - 1;
        let instruction = &mut instructions[at];
        match kind(*instruction) {
            // No function is nearly as long as what fits here.
            Kind::Jump | Kind::Branch => instruction.off = distance as i16,
            _ => instruction.imm = distance as i32,
        }
    }
}

/// Puts `beginning` in front of a program, and keeps `functions` right, which says where each function
/// begins. What jumps to the old beginning still does.
pub(in crate::kernel) fn begin_with(
    instructions: &mut Vec<bpf_insn>,
    functions: &mut [bpf_func_info],
    beginning: &[bpf_insn],
) {
    instructions.splice(..0, beginning.iter().copied());
    for function in functions.iter_mut().filter(|one| one.insn_off != 0) {
        function.insn_off += beginning.len() as u32;
    }
}

/// What an instruction does to the order in which others run.
pub(in crate::kernel) enum Kind {
    /// Always, by `off`.
    Jump,
    /// Always, by `imm`.
    LongJump,
    /// On a condition, by `off`.
    Branch,
    /// Of a function of the program, by `imm`.
    Call,
    /// Two slots: the address of a function of the program, by `imm`.
    FunctionAddress,
    Exit,
    /// Two slots.
    Wide,
    Other,
}

/// Its kind.
pub(in crate::kernel) fn kind(instruction: bpf_insn) -> Kind {
    let code = u32::from(instruction.code);
    let class = code & CLASS;
    let source = u32::from(instruction.src_reg());
    if code == LOAD_WIDE {
        return match source {
            BPF_PSEUDO_FUNC => Kind::FunctionAddress,
            _ => Kind::Wide,
        };
    }
    if class != BPF_JMP && class != BPF_JMP32 {
        return Kind::Other;
    }
    match code & OPERATION {
        BPF_EXIT => Kind::Exit,
        BPF_CALL if source == BPF_PSEUDO_CALL => Kind::Call,
        BPF_CALL => Kind::Other,
        BPF_JA if class == BPF_JMP32 => Kind::LongJump,
        BPF_JA => Kind::Jump,
        _ => Kind::Branch,
    }
}

/// Whether it takes two slots.
pub(in crate::kernel) fn is_wide(instruction: bpf_insn) -> bool {
    u32::from(instruction.code) == LOAD_WIDE
}

/// Jumps by this many slots, always.
pub(in crate::kernel) fn jump(off: i16) -> bpf_insn {
    instruction(BPF_JMP | BPF_JA, (0, 0), off, 0)
}

/// Jumps to the next instruction.
pub(in crate::kernel) fn nothing() -> bpf_insn {
    jump(0)
}

/// Leaves the function, or the program.
pub(in crate::kernel) fn exit() -> bpf_insn {
    instruction(BPF_JMP | BPF_EXIT, (0, 0), 0, 0)
}

/// Puts another map in place of one, by descriptor.
pub(in crate::kernel) fn replace_map(instructions: &mut [bpf_insn], map: RawFd, other: RawFd) {
    for instruction in instructions {
        if u32::from(instruction.code) == LOAD_WIDE
            && u32::from(instruction.src_reg()) == BPF_PSEUDO_MAP_FD
            && instruction.imm == map
        {
            instruction.imm = other;
        }
    }
}

/// One instruction.
pub(in crate::kernel) fn instruction(
    code: u32,
    (dst, src): (u8, u8),
    off: i16,
    imm: i32,
) -> bpf_insn {
    bpf_insn {
        code: code as u8,
        _bitfield_align_1: [],
        _bitfield_1: bpf_insn::new_bitfield_1(dst, src),
        off,
        imm,
    }
}

/// What tells instructions apart: code, registers, distance and number of each.
#[cfg(test)]
pub(in crate::kernel) fn same(program: &[bpf_insn]) -> Vec<(u8, u8, u8, i16, i32)> {
    program
        .iter()
        .map(|one| (one.code, one.dst_reg(), one.src_reg(), one.off, one.imm))
        .collect()
}
