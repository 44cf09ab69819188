//! Branches that the constants in a program decide.

use aya_obj::generated::{
    BPF_ALU, BPF_ALU64, BPF_CALL, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT, BPF_JMP,
    BPF_JMP32, BPF_JNE, BPF_JSET, BPF_LD, BPF_LDX, BPF_MOV, BPF_ST, BPF_STX, BPF_X, bpf_insn,
};

use crate::kernel::instructions::{CLASS, Kind, LOAD_WIDE, OPERATION, kind, targets};

/// Turns branches whose outcome is known into jumps, or into nothing. What registers hold is followed
/// from constants on, as far as nothing else leads to an instruction.
pub(super) fn decide(instructions: &mut [bpf_insn]) {
    let targets = targets(instructions);
    let mut known: [Option<u64>; 16] = [None; 16];
    let mut at = 0;
    while let Some(&instruction) = instructions.get(at) {
        if targets.contains(&at) {
            known = [None; 16];
        }
        let kind = kind(instruction);
        if matches!(kind, Kind::Branch)
            && let Some(taken) = outcome(instruction, &known)
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
        follow(&mut known, instruction, instructions.get(at + 1).copied());
        at += match kind {
            Kind::Wide | Kind::FunctionAddress => 2,
            _ => 1,
        };
    }
}

/// Whether a branch is taken.
fn outcome(branch: bpf_insn, known: &[Option<u64>; 16]) -> Option<bool> {
    let code = u32::from(branch.code);
    let left = known[usize::from(branch.dst_reg())]?;
    let right = if code & BPF_X == BPF_X {
        known[usize::from(branch.src_reg())]?
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

/// What registers hold behind an instruction. `second` is the other slot of a wide one.
fn follow(known: &mut [Option<u64>; 16], instruction: bpf_insn, second: Option<bpf_insn>) {
    let code = u32::from(instruction.code);
    let class = code & CLASS;
    let (dst, src) = (
        usize::from(instruction.dst_reg()),
        usize::from(instruction.src_reg()),
    );
    match class {
        BPF_ALU | BPF_ALU64 if code & OPERATION == BPF_MOV => {
            // With `off` it extends a sign.
            let value = if instruction.off != 0 {
                None
            } else if code & BPF_X == BPF_X {
                known[src]
            } else {
                Some(i64::from(instruction.imm).cast_unsigned())
            };
            known[dst] = if class == BPF_ALU {
                value.map(|value| value & u64::from(u32::MAX))
            } else {
                value
            };
        }
        BPF_LD if code == LOAD_WIDE => {
            let high = second.map(|second| u64::from(second.imm.cast_unsigned()) << 32);
            let low = u64::from(instruction.imm.cast_unsigned());
            known[dst] = (src == 0).then_some(high).flatten().map(|high| high | low);
        }
        BPF_JMP | BPF_JMP32 if code & OPERATION == BPF_CALL => {
            known[..=5].fill(None);
        }
        // Comparing and storing change no register; an atomic instruction may.
        BPF_JMP | BPF_JMP32 | BPF_ST => {}
        BPF_STX => {
            known[0] = None;
            known[src] = None;
        }
        BPF_ALU | BPF_ALU64 | BPF_LDX => known[dst] = None,
        _ => known[..=5].fill(None),
    }
}
