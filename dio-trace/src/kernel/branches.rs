//! Branches that the constants in a program decide.

use aya_obj::generated::{
    BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT, BPF_JMP, BPF_JMP32, BPF_JNE, BPF_JSET,
    BPF_X, bpf_insn,
};

use crate::kernel::{
    instructions::{CLASS, Kind, OPERATION, kind, targets},
    registers::Registers,
};

/// Turns branches whose outcome is known into jumps, or into nothing. What registers hold is followed
/// from constants on, as far as nothing else leads to an instruction.
pub(super) fn decide(instructions: &mut [bpf_insn]) {
    let targets = targets(instructions);
    let mut registers = Registers::default();
    let mut at = 0;
    while let Some(&instruction) = instructions.get(at) {
        if targets.contains(&at) {
            registers = Registers::default();
        }
        let kind = kind(instruction);
        if matches!(kind, Kind::Branch)
            && let Some(taken) = outcome(instruction, &registers)
            && let Some(place) = instructions.get_mut(at)
        {
            place.code = (BPF_JMP | BPF_JA) as u8;
            place.set_dst_reg(0);
            place.set_src_reg(0);
            place.imm = 0;
            if !taken {
                place.off = 0;
            }
        }
        registers.follow(instruction, instructions.get(at + 1).copied());
        at += match kind {
            Kind::Wide | Kind::FunctionAddress => 2,
            _ => 1,
        };
    }
}

/// Whether a branch is taken.
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
        // Signed: not worth the while.
        _ => None,
    }
}
