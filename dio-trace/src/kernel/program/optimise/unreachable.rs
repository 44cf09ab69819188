//! Takes out of a program what the constants in it rule out.
//!
//! The kernel does the same, but moves the whole program for each piece that it takes out: half of
//! the time that loading took.

use aya_obj::generated::{bpf_func_info, bpf_insn};

use crate::kernel::sys::instruction::{Kind, kind, set_distances, target};

/// Takes what never runs, and what does nothing, out of `instructions`, and out of `functions`, which
/// says where each function begins.
pub(in crate::kernel) fn remove(
    instructions: &mut Vec<bpf_insn>,
    functions: &mut Vec<bpf_func_info>,
) {
    let alive = alive(instructions);
    // Where each instruction goes, or the next one that stays.
    let mut places = Vec::with_capacity(alive.len() + 1);
    let mut place = 0;
    for &stays in &alive {
        places.push(place);
        place += usize::from(stays);
    }
    places.push(place);
    set_distances(instructions, &places);
    functions.retain_mut(|function| {
        let at = function.insn_off as usize;
        function.insn_off = places.get(at).copied().unwrap_or_default() as u32;
        alive.get(at) == Some(&true)
    });
    let mut stays = alive.into_iter();
    instructions.retain(|_| stays.next().unwrap_or(true));
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

#[cfg(test)]
mod tests {
    use aya_obj::generated::{
        BPF_ALU, BPF_CALL, BPF_JEQ, BPF_JMP, BPF_K, BPF_LDX, BPF_MEM, BPF_MOV, BPF_PSEUDO_CALL,
        BPF_W,
    };

    use super::*;
    use crate::kernel::{
        program::optimise::branches,
        sys::instruction::{exit, instruction, same},
    };

    fn set(register: u8, value: i32) -> bpf_insn {
        instruction(BPF_ALU | BPF_MOV | BPF_K, (register, 0), 0, value)
    }

    fn if_equal(register: u8, value: i32, off: i16) -> bpf_insn {
        instruction(BPF_JMP | BPF_JEQ | BPF_K, (register, 0), off, value)
    }

    fn load(register: u8) -> bpf_insn {
        instruction(BPF_LDX | BPF_MEM | BPF_W, (register, 1), 0, 0)
    }

    fn call(imm: i32) -> bpf_insn {
        instruction(BPF_JMP | BPF_CALL, (0, BPF_PSEUDO_CALL as u8), 0, imm)
    }

    fn left(program: &[bpf_insn]) -> Vec<(u8, u8, u8, i16, i32)> {
        let mut program = program.to_vec();
        branches::decide(&mut program);
        remove(&mut program, &mut Vec::new());
        same(&program)
    }

    #[test]
    fn a_branch_on_a_constant_is_decided() {
        let taken = [set(2, 7), if_equal(2, 7, 1), set(0, 1), exit()];
        assert_eq!(left(&taken), same(&[set(2, 7), exit()]));
        let not_taken = [set(2, 8), if_equal(2, 7, 1), set(0, 1), exit()];
        assert_eq!(left(&not_taken), same(&[set(2, 8), set(0, 1), exit()]));
    }

    #[test]
    fn minus_one_of_32_bits_is_not_minus_one() {
        // `set` clears the upper half, which the comparison does not.
        let program = [set(2, -1), if_equal(2, -1, 1), set(0, 1), exit()];
        assert_eq!(left(&program), same(&[set(2, -1), set(0, 1), exit()]));
    }

    #[test]
    fn what_is_loaded_is_not_known() {
        let program = [set(2, 7), load(2), if_equal(2, 7, 1), set(0, 1), exit()];
        assert_eq!(left(&program), same(&program));
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
        assert_eq!(left(&program), same(&program));
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
        assert_eq!(left(&program(3)), same(&program(3)));
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
        assert_eq!(left(&program), same(&expected));
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
        branches::decide(&mut program);
        remove(&mut program, &mut functions);
        let expected = [set(2, 7), call(1), exit(), set(0, 2), exit()];
        assert_eq!(same(&program), same(&expected));
        let begins: Vec<(u32, u32)> = functions
            .iter()
            .map(|one| (one.insn_off, one.type_id))
            .collect();
        assert_eq!(begins, [(0, 0), (3, 7)]);
    }
}
