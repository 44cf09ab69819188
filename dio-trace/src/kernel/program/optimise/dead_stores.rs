//! Registers that are set and never read.

use aya_obj::generated::{
    BPF_ALU, BPF_ALU64, BPF_CALL, BPF_END, BPF_EXIT, BPF_JA, BPF_JMP, BPF_JMP32, BPF_LD, BPF_LDX,
    BPF_MEM, BPF_MOV, BPF_NEG, BPF_ST, BPF_STX, BPF_X, bpf_insn,
};

use crate::kernel::sys::instruction::{
    CLASS, Kind, MODE, OPERATION, is_wide, kind, nothing, target,
};

/// A set of registers, one bit for each.
type Set = u16;

const ALL: Set = Set::MAX;
/// What a function is given, and may change.
const ARGUMENTS: Set = 0b11_1110;
const RESULT: Set = 0b1;

/// Lets all instructions do nothing that only set a register which nobody reads before it is set
/// again.
pub(in crate::kernel) fn clear(instructions: &mut [bpf_insn]) {
    let read_later = read_later(instructions);
    for (at, later) in read_later.into_iter().enumerate() {
        let Some(later) = later else {
            continue;
        };
        let instruction = instructions[at];
        let Some(register) = only_sets(instruction) else {
            continue;
        };
        if later & one(register) == 0 {
            instructions[at] = nothing();
            if is_wide(instruction) {
                instructions[at + 1] = nothing();
            }
        }
    }
}

/// Registers that may be read after each instruction; `None` for the second slot of a wide one and for
/// what never runs.
fn read_later(instructions: &[bpf_insn]) -> Vec<Option<Set>> {
    // Against the order in which they run, over and over until nothing is new: only loops need more
    // than one round.
    let starts = starts(instructions);
    let mut before: Vec<Set> = vec![0; instructions.len() + 1];
    let mut after: Vec<Option<Set>> = vec![None; instructions.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for &at in starts.iter().rev() {
            let instruction = instructions[at];
            let next = at + if is_wide(instruction) { 2 } else { 1 };
            let there = |place: Option<usize>| {
                place.map_or(ALL, |place| before.get(place).copied().unwrap_or(ALL))
            };
            let later = match kind(instruction) {
                Kind::Exit => 0,
                Kind::Jump | Kind::LongJump => there(target(instructions, at)),
                Kind::Branch => there(Some(next)) | there(target(instructions, at)),
                _ => there(Some(next)),
            };
            let (reads, sets) = uses(instruction);
            let earlier = later & !sets | reads;
            changed |= before[at] != earlier;
            before[at] = earlier;
            after[at] = Some(later);
        }
    }
    after
}

/// Where instructions begin.
fn starts(instructions: &[bpf_insn]) -> Vec<usize> {
    let mut starts = Vec::with_capacity(instructions.len());
    let mut at = 0;
    while let Some(&instruction) = instructions.get(at) {
        starts.push(at);
        at += if is_wide(instruction) { 2 } else { 1 };
    }
    starts
}

const fn one(register: u8) -> Set {
    1 << (register & 15)
}

/// Registers that an instruction reads, and those that it sets.
fn uses(instruction: bpf_insn) -> (Set, Set) {
    let code = u32::from(instruction.code);
    let (dst, src) = (one(instruction.dst_reg()), one(instruction.src_reg()));
    let operand = if code & BPF_X == BPF_X { src } else { 0 };
    match code & CLASS {
        BPF_ALU | BPF_ALU64 => match code & OPERATION {
            BPF_MOV => (operand, dst),
            // Here the bit of `BPF_X` does not tell of a register.
            BPF_NEG | BPF_END => (dst, dst),
            _ => (operand | dst, dst),
        },
        BPF_LD if is_wide(instruction) => (0, dst),
        BPF_LDX => (src, dst),
        BPF_ST => (dst, 0),
        // An atomic one may read and change the result register, and change its source.
        BPF_STX if code & MODE == BPF_MEM => (dst | src, 0),
        BPF_STX => (dst | src | RESULT, 0),
        BPF_JMP | BPF_JMP32 => match code & OPERATION {
            BPF_JA => (0, 0),
            BPF_EXIT => (RESULT, 0),
            BPF_CALL => (ARGUMENTS | operand, ARGUMENTS | RESULT),
            _ => (operand | dst, 0),
        },
        _ => (ALL, 0),
    }
}

/// The register of an instruction that does nothing but set it.
fn only_sets(instruction: bpf_insn) -> Option<u8> {
    let code = u32::from(instruction.code);
    let only = match code & CLASS {
        BPF_ALU | BPF_ALU64 => true,
        BPF_LD => is_wide(instruction),
        BPF_LDX => code & MODE == BPF_MEM,
        _ => false,
    };
    only.then(|| instruction.dst_reg())
}

#[cfg(test)]
mod tests {
    use aya_obj::generated::{
        BPF_ADD, BPF_ATOMIC, BPF_DW, BPF_JEQ, BPF_K, BPF_PSEUDO_MAP_FD, BPF_W,
    };

    use super::*;
    use crate::kernel::sys::instruction::{LOAD_WIDE, exit, instruction, same};

    fn set(register: u8, value: i32) -> bpf_insn {
        instruction(BPF_ALU64 | BPF_MOV | BPF_K, (register, 0), 0, value)
    }

    fn load(dst: u8, src: u8) -> bpf_insn {
        instruction(BPF_LDX | BPF_MEM | BPF_W, (dst, src), 0, 0)
    }

    fn call() -> bpf_insn {
        instruction(BPF_JMP | BPF_CALL, (0, 0), 0, 14)
    }

    fn jump_if_zero(register: u8, off: i16) -> bpf_insn {
        instruction(BPF_JMP | BPF_JEQ | BPF_K, (register, 0), off, 0)
    }

    /// Asserts which instructions of a program come to nothing.
    fn clears(program: &[bpf_insn], cleared: &[usize]) {
        let mut after = program.to_vec();
        clear(&mut after);
        let mut expected = program.to_vec();
        for &at in cleared {
            expected[at] = nothing();
        }
        assert_eq!(same(&after), same(&expected));
    }

    #[test]
    fn what_is_set_again_before_it_is_read_goes() {
        clears(&[set(2, 1), set(2, 2), load(0, 2), exit()], &[0]);
        clears(&[set(2, 1), load(3, 2), set(0, 0), exit()], &[1]);
    }

    #[test]
    fn what_led_to_it_goes_as_well() {
        let add = instruction(BPF_ALU64 | BPF_ADD | BPF_X, (2, 3), 0, 0);
        clears(&[set(2, 1), set(3, 1), add, set(0, 0), exit()], &[2]);
        let wide = instruction(LOAD_WIDE, (2, BPF_PSEUDO_MAP_FD as u8), 0, 7);
        let second = instruction(0, (0, 0), 0, 0);
        clears(&[wide, second, set(0, 0), exit()], &[0, 1]);
    }

    #[test]
    fn what_only_one_way_reads_stays() {
        clears(
            &[set(0, 0), set(2, 1), jump_if_zero(1, 1), load(0, 2), exit()],
            &[],
        );
    }

    #[test]
    fn what_a_loop_reads_stays() {
        let back = instruction(BPF_JMP | BPF_JA, (0, 0), -4, 0);
        clears(
            &[
                set(0, 0),
                jump_if_zero(6, 3),
                load(0, 7),
                set(7, 1),
                back,
                exit(),
            ],
            &[],
        );
    }

    #[test]
    fn calls_read_their_arguments_and_keep_what_is_not_theirs() {
        clears(&[set(6, 1), set(3, 1), call(), load(0, 6), exit()], &[]);
        clears(&[set(6, 1), call(), set(0, 1), exit()], &[0]);
        // A call changes its arguments.
        clears(&[call(), set(0, 0), set(1, 1), call(), exit()], &[1]);
    }

    #[test]
    fn an_exchange_reads_what_it_compares_with() {
        let exchange = instruction(BPF_STX | BPF_ATOMIC | BPF_DW, (6, 2), 0, 0xf1);
        clears(&[set(0, 0), set(2, 1), exchange, exit()], &[]);
    }
}
