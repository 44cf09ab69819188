//! Branch folding: a branch whose outcome is known becomes a jump, or nothing.

use aya_obj::generated::{
    BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT, BPF_JMP32, BPF_JNE, BPF_JSET, BPF_X, bpf_insn,
};

use crate::kernel::{
    program::optimise::known_values::{self, Registers},
    sys::instruction::{CLASS, Kind, OPERATION, jump, kind, noop},
};

/// Replaces each branch whose operands are both known by a jump, or by one that does nothing.
pub(super) fn fold(instructions: &mut [bpf_insn]) {
    known_values::rewrite(instructions, |instruction, registers| {
        let taken = match kind(instruction) {
            Kind::Branch => outcome(instruction, registers),
            _ => None,
        };
        match taken {
            Some(true) => jump(instruction.off),
            Some(false) => noop(),
            None => instruction,
        }
    });
}

/// Whether a branch is taken; `None` where that is not known.
fn outcome(branch: bpf_insn, registers: &Registers) -> Option<bool> {
    let code = u32::from(branch.code);
    let left = registers.number(branch.dst_reg())?;
    let right = if code & BPF_X == BPF_X {
        registers.number(branch.src_reg())?
    } else {
        i64::from(branch.imm).cast_unsigned()
    };
    let (left, right) = if code & CLASS == BPF_JMP32 {
        (left & u64::from(u32::MAX), right & u64::from(u32::MAX))
    } else {
        (left, right)
    };
    match code & OPERATION {
        BPF_JEQ => Some(left == right),
        BPF_JNE => Some(left != right),
        BPF_JGT => Some(left > right),
        BPF_JGE => Some(left >= right),
        BPF_JLT => Some(left < right),
        BPF_JLE => Some(left <= right),
        BPF_JSET => Some(left & right != 0),
        // Signed comparisons of constants hardly occur.
        _ => None,
    }
}
