//! Takes out of a program what the constants in it rule out.
//!
//! The kernel does the same, but moves the whole program for each piece that it takes out: half of
//! the time that loading took.

use std::collections::HashSet;

use aya_obj::generated::{
    BPF_ALU, BPF_ALU64, BPF_CALL, BPF_DW, BPF_EXIT, BPF_IMM, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT,
    BPF_JLE, BPF_JLT, BPF_JMP, BPF_JMP32, BPF_JNE, BPF_JSET, BPF_LD, BPF_LDX, BPF_MOV,
    BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC, BPF_ST, BPF_STX, BPF_X, bpf_func_info, bpf_insn,
};

pub(super) const CLASS: u32 = 0x07;
pub(super) const OPERATION: u32 = 0xf0;
/// Two slots: a register is set to a number of 64 bits, or to an address.
pub(super) const LOAD_WIDE: u32 = BPF_LD | BPF_IMM | BPF_DW;

/// Takes dead code out of `instructions`, and out of `functions`, which says where each function
/// begins.
pub(super) fn remove(instructions: &mut Vec<bpf_insn>, functions: &mut Vec<bpf_func_info>) {
    decide_branches(instructions);
    let alive = alive(instructions);
    // Where each instruction goes, or the next one that stays.
    let mut places = Vec::with_capacity(alive.len() + 1);
    let mut place = 0;
    for &stays in &alive {
        places.push(place);
        place += i32::from(stays);
    }
    places.push(place);
    for at in 0..instructions.len() {
        let Some(target) = target(instructions, at) else {
            continue;
        };
        let (Some(&from), Some(&to)) = (places.get(at), places.get(target)) else {
            continue;
        };
        if let Some(instruction) = instructions.get_mut(at)
            && alive.get(at) == Some(&true)
        {
            set_distance(instruction, to - from - 1);
        }
    }
    functions.retain_mut(|function| {
        let at = function.insn_off as usize;
        function.insn_off = places.get(at).copied().unwrap_or_default().cast_unsigned();
        alive.get(at) == Some(&true)
    });
    let mut stays = alive.into_iter();
    instructions.retain(|_| stays.next().unwrap_or(true));
}

/// Instructions that others jump to, or begin a function with.
pub(super) fn targets(instructions: &[bpf_insn]) -> HashSet<usize> {
    (0..instructions.len())
        .filter_map(|at| target(instructions, at))
        .collect()
}

/// Where a jump, a call or the address of a function leads.
fn target(instructions: &[bpf_insn], at: usize) -> Option<usize> {
    let instruction = instructions.get(at)?;
    let distance = match kind(*instruction) {
        Kind::Jump | Kind::Branch => i32::from(instruction.off),
        Kind::LongJump | Kind::Call | Kind::FunctionAddress => instruction.imm,
        Kind::Exit | Kind::Wide | Kind::Other => return None,
    };
    at.checked_add(1)?
        .checked_add_signed(isize::try_from(distance).ok()?)
}

fn set_distance(instruction: &mut bpf_insn, distance: i32) {
    match kind(*instruction) {
        // Distances only shrink.
        Kind::Jump | Kind::Branch => instruction.off = distance as i16,
        _ => instruction.imm = distance,
    }
}

enum Kind {
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

fn kind(instruction: bpf_insn) -> Kind {
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

/// Instructions that may run, save jumps over nothing.
fn alive(instructions: &[bpf_insn]) -> Vec<bool> {
    let mut alive = vec![false; instructions.len()];
    let mut ways = vec![0];
    while let Some(at) = ways.pop() {
        let (Some(instruction), Some(false)) = (instructions.get(at), alive.get(at)) else {
            continue;
        };
        alive[at] = true;
        ways.extend(target(instructions, at));
        match kind(*instruction) {
            Kind::Jump | Kind::LongJump | Kind::Exit => {}
            Kind::Wide | Kind::FunctionAddress => {
                if let Some(second) = alive.get_mut(at + 1) {
                    *second = true;
                }
                ways.push(at + 2);
            }
            Kind::Branch | Kind::Call | Kind::Other => ways.push(at + 1),
        }
    }
    for at in (0..instructions.len()).rev() {
        let leads_on = target(instructions, at).is_some_and(|target| {
            let between = alive.get(at + 1..target);
            between.is_some_and(|between| !between.contains(&true))
        });
        if leads_on && matches!(kind(instructions[at]), Kind::Jump) {
            alive[at] = false;
        }
    }
    alive
}

/// Turns branches whose outcome is known into jumps, or into nothing. What registers hold is followed
/// from constants on, as far as nothing else leads to an instruction.
fn decide_branches(instructions: &mut [bpf_insn]) {
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

/// One instruction, for tests.
#[cfg(test)]
pub(super) fn instruction(code: u32, (dst, src): (u8, u8), off: i16, imm: i32) -> bpf_insn {
    bpf_insn {
        code: code as u8,
        _bitfield_align_1: [],
        _bitfield_1: bpf_insn::new_bitfield_1(dst, src),
        off,
        imm,
    }
}

#[cfg(test)]
mod tests {
    use aya_obj::generated::{BPF_K, BPF_MEM, BPF_W};

    use super::*;

    fn set(register: u8, value: i32) -> bpf_insn {
        instruction(BPF_ALU | BPF_MOV | BPF_K, (register, 0), 0, value)
    }

    fn if_equal(register: u8, value: i32, off: i16) -> bpf_insn {
        instruction(BPF_JMP | BPF_JEQ | BPF_K, (register, 0), off, value)
    }

    fn load(register: u8) -> bpf_insn {
        instruction(BPF_LDX | BPF_MEM | BPF_W, (register, 1), 0, 0)
    }

    fn exit() -> bpf_insn {
        instruction(BPF_JMP | BPF_EXIT, (0, 0), 0, 0)
    }

    fn call(imm: i32) -> bpf_insn {
        instruction(BPF_JMP | BPF_CALL, (0, BPF_PSEUDO_CALL as u8), 0, imm)
    }

    /// Code, registers, distance and number of each instruction that is left.
    type Left = Vec<(u8, u8, u8, i16, i32)>;

    fn shape(program: &[bpf_insn]) -> Left {
        program
            .iter()
            .map(|one| (one.code, one.dst_reg(), one.src_reg(), one.off, one.imm))
            .collect()
    }

    fn left(program: &[bpf_insn]) -> Left {
        let mut program = program.to_vec();
        remove(&mut program, &mut Vec::new());
        shape(&program)
    }

    #[test]
    fn a_branch_on_a_constant_is_decided() {
        let taken = [set(2, 7), if_equal(2, 7, 1), set(0, 1), exit()];
        assert_eq!(left(&taken), shape(&[set(2, 7), exit()]));
        let not_taken = [set(2, 8), if_equal(2, 7, 1), set(0, 1), exit()];
        assert_eq!(left(&not_taken), shape(&[set(2, 8), set(0, 1), exit()]));
    }

    #[test]
    fn minus_one_of_32_bits_is_not_minus_one() {
        // `set` clears the upper half, which the comparison does not.
        let program = [set(2, -1), if_equal(2, -1, 1), set(0, 1), exit()];
        assert_eq!(left(&program), shape(&[set(2, -1), set(0, 1), exit()]));
    }

    #[test]
    fn what_is_loaded_is_not_known() {
        let program = [set(2, 7), load(2), if_equal(2, 7, 1), set(0, 1), exit()];
        assert_eq!(left(&program), shape(&program));
    }

    #[test]
    fn what_another_way_leads_to_is_not_known() {
        let program = [
            load(3),
            set(2, 7),
            if_equal(3, 1, 1),
            set(2, 8),
            if_equal(2, 7, 1),
            set(0, 1),
            exit(),
        ];
        assert_eq!(left(&program), shape(&program));
    }

    #[test]
    fn a_call_forgets_what_it_may_change() {
        let program = |register| {
            [
                set(register, 7),
                instruction(BPF_JMP | BPF_CALL, (0, 0), 0, 14),
                if_equal(register, 7, 1),
                set(0, 1),
                exit(),
            ]
        };
        assert_eq!(left(&program(3)), shape(&program(3)));
        assert_eq!(left(&program(6)).len(), 3);
    }

    #[test]
    fn distances_shrink_with_what_lay_between() {
        let program = [
            load(3),
            if_equal(3, 1, 4),
            set(2, 7),
            if_equal(2, 7, 1),
            set(4, 1),
            set(5, 1),
            exit(),
        ];
        let expected = [load(3), if_equal(3, 1, 2), set(2, 7), set(5, 1), exit()];
        assert_eq!(left(&program), shape(&expected));
    }

    #[test]
    fn functions_that_nobody_calls_any_more_are_dropped() {
        let mut program = vec![
            set(2, 7),
            if_equal(2, 7, 1),
            call(2), // the first function
            call(3), // the second
            exit(),
            set(0, 1),
            exit(),
            set(0, 2),
            exit(),
        ];
        let info = |insn_off| bpf_func_info {
            insn_off,
            type_id: insn_off,
        };
        let mut functions = vec![info(0), info(5), info(7)];
        remove(&mut program, &mut functions);
        let expected = [set(2, 7), call(1), exit(), set(0, 2), exit()];
        assert_eq!(shape(&program), shape(&expected));
        let begins: Vec<(u32, u32)> = functions
            .iter()
            .map(|one| (one.insn_off, one.type_id))
            .collect();
        assert_eq!(begins, [(0, 0), (3, 7)]);
    }
}
