//! One eBPF instruction: making it, classifying it, and finding where it leads.

use aya_obj::generated::{
    BPF_CALL, BPF_DW, BPF_EXIT, BPF_IMM, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT,
    BPF_JMP, BPF_JMP32, BPF_JNE, BPF_JSET, BPF_JSGE, BPF_JSGT, BPF_JSLE, BPF_JSLT, BPF_LD,
    BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC, BPF_PSEUDO_KFUNC_CALL, bpf_insn,
};

/// Bits of the opcode that say which class of instruction it is.
pub(in crate::kernel) const CLASS: u32 = 0x07;
/// Bits of the opcode of arithmetic and jumps that say which one.
pub(in crate::kernel) const OPERATION: u32 = 0xf0;
/// Bits of the opcode of loads and stores that say how memory is addressed.
pub(in crate::kernel) const MODE: u32 = 0xe0;
/// Opcode of the one instruction that takes two slots: it sets a register to 64 bits, or to an address.
pub(in crate::kernel) const LOAD_WIDE: u32 = BPF_LD | BPF_IMM | BPF_DW;

/// Effect of an instruction on the order in which others run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) enum Kind {
    /// Goes to `off`, always.
    Jump,
    /// Goes to `imm`, always.
    LongJump,
    /// Goes to `off` on a condition, else to the next instruction.
    Branch,
    /// Calls a function of the program, at `imm`.
    Call,
    /// Takes the address of a function of the program, at `imm`. Two slots.
    FunctionAddress,
    /// Leaves the function, or the program.
    Exit,
    /// Goes to the next instruction. Two slots.
    Wide,
    /// Goes to the next instruction.
    Other,
    /// A jump of a kind that is not known here, which may go anywhere.
    Unknown,
}

/// Classifies an instruction.
pub(in crate::kernel) fn kind(instruction: bpf_insn) -> Kind {
    /// `JMP32 | JA`, the long jump, from 6.6.
    const LONG_JUMP: u32 = BPF_JMP32 | BPF_JA;
    const JUMP: u32 = BPF_JMP | BPF_JA;
    const CALL: u32 = BPF_JMP | BPF_CALL;
    const EXIT: u32 = BPF_JMP | BPF_EXIT;
    let code = u32::from(instruction.code);
    let source = u32::from(instruction.src_reg());
    match code {
        LOAD_WIDE if source == BPF_PSEUDO_FUNC => return Kind::FunctionAddress,
        LOAD_WIDE => return Kind::Wide,
        JUMP => return Kind::Jump,
        LONG_JUMP => return Kind::LongJump,
        EXIT => return Kind::Exit,
        CALL if source == BPF_PSEUDO_CALL => return Kind::Call,
        // A helper, by its number, or a function of the kernel.
        CALL if source == 0 || source == BPF_PSEUDO_KFUNC_CALL => return Kind::Other,
        _ => {}
    }
    match (code & CLASS, code & OPERATION) {
        (
            BPF_JMP | BPF_JMP32,
            BPF_JEQ | BPF_JNE | BPF_JGT | BPF_JGE | BPF_JLT | BPF_JLE | BPF_JSET | BPF_JSGT
            | BPF_JSGE | BPF_JSLT | BPF_JSLE,
        ) => Kind::Branch,
        (BPF_JMP | BPF_JMP32, _) => Kind::Unknown,
        _ => Kind::Other,
    }
}

/// Whether an instruction takes two slots.
pub(in crate::kernel) fn is_wide(instruction: bpf_insn) -> bool {
    u32::from(instruction.code) == LOAD_WIDE
}

/// Index of each instruction: of the first slot where it takes two.
pub(in crate::kernel) fn starts(instructions: &[bpf_insn]) -> impl Iterator<Item = usize> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        at += if is_wide(*instructions.get(at)?) {
            2
        } else {
            1
        };
        Some(start)
    })
}

/// Index that a jump, a call or the address of a function leads to.
pub(in crate::kernel) fn target(instructions: &[bpf_insn], at: usize) -> Option<usize> {
    let instruction = instructions.get(at)?;
    let distance = match kind(*instruction) {
        Kind::Jump | Kind::Branch => i32::from(instruction.off),
        Kind::LongJump | Kind::Call | Kind::FunctionAddress => instruction.imm,
        Kind::Exit | Kind::Wide | Kind::Other | Kind::Unknown => return None,
    };
    at.checked_add(1)?
        .checked_add_signed(isize::try_from(distance).ok()?)
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

/// Jumps over this many slots.
pub(in crate::kernel) fn jump(off: i16) -> bpf_insn {
    instruction(BPF_JMP | BPF_JA, (0, 0), off, 0)
}

/// Jumps to the next instruction.
pub(in crate::kernel) fn noop() -> bpf_insn {
    jump(0)
}

/// Leaves the function, or the program.
pub(in crate::kernel) fn exit() -> bpf_insn {
    instruction(BPF_JMP | BPF_EXIT, (0, 0), 0, 0)
}

/// Fields of instructions, which cannot be compared themselves: code, both registers, `off`, `imm`.
#[cfg(test)]
pub(in crate::kernel) fn fields(program: &[bpf_insn]) -> Vec<(u8, u8, u8, i16, i32)> {
    program
        .iter()
        .map(|one| (one.code, one.dst_reg(), one.src_reg(), one.off, one.imm))
        .collect()
}
