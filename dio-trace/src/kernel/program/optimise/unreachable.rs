//! Removes code that never runs, and jumps that lead to the next instruction.

use aya_obj::generated::bpf_insn;

use crate::kernel::sys::{
    code::{Code, Edit},
    instruction::{Kind, kind, target},
};

/// Removes unreachable instructions, and jumps over nothing. No other pass changes the number of
/// instructions.
pub(super) fn remove(code: &mut Code) {
    let reachable = reachable(&code.instructions);
    let kept = kept(&code.instructions, &reachable);
    let is = |set: &[bool], at: usize| set.get(at).copied().unwrap_or(false);
    let edit = |at, _| match (is(&reachable, at), is(&kept, at)) {
        (_, true) => Edit::Keep,
        (true, false) => Edit::Elide,
        (false, false) => Edit::Delete,
    };
    // Distances only shrink. If one did not fit, the program would stay as it is.
    let _ = code.edit(edit);
}

/// Slots that may run, both of wide instructions.
fn reachable(instructions: &[bpf_insn]) -> Vec<bool> {
    let mut reachable = vec![false; instructions.len()];
    let mut to_visit = vec![0];
    while let Some(at) = to_visit.pop() {
        let (Some(instruction), Some(false)) = (instructions.get(at), reachable.get(at)) else {
            continue;
        };
        reachable[at] = true;
        to_visit.extend(target(instructions, at));
        match kind(*instruction) {
            Kind::Jump | Kind::LongJump | Kind::Exit => {}
            Kind::Wide | Kind::FunctionAddress => {
                if let Some(second) = reachable.get_mut(at + 1) {
                    *second = true;
                }
                to_visit.push(at + 2);
            }
            Kind::Branch | Kind::Call | Kind::Other | Kind::Unknown => to_visit.push(at + 1),
        }
    }
    reachable
}

/// Reachable slots without jumps over nothing.
fn kept(instructions: &[bpf_insn], reachable: &[bool]) -> Vec<bool> {
    let mut kept = reachable.to_vec();
    for at in (0..instructions.len()).rev() {
        let leads_to_next = target(instructions, at).is_some_and(|target| {
            let between = kept.get(at + 1..target);
            between.is_some_and(|between| !between.contains(&true))
        });
        if leads_to_next && matches!(kind(instructions[at]), Kind::Jump) {
            kept[at] = false;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use aya_obj::generated::{
        BPF_ALU, BPF_CALL, BPF_JEQ, BPF_JMP, BPF_K, BPF_LDX, BPF_MEM, BPF_MOV, BPF_PSEUDO_CALL,
        BPF_W, bpf_func_info,
    };

    use super::*;
    use crate::kernel::{
        program::optimise::branches,
        sys::instruction::{exit, fields, instruction, noop},
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

    fn info(insn_off: u32) -> bpf_func_info {
        bpf_func_info {
            insn_off,
            type_id: insn_off,
        }
    }

    fn records(code: &Code) -> Vec<(u32, u32)> {
        let records = code.functions.iter();
        records.map(|one| (one.insn_off, one.type_id)).collect()
    }

    fn pruned(program: &[bpf_insn], functions: Vec<bpf_func_info>) -> Code {
        let mut code = Code {
            instructions: program.to_vec(),
            functions,
            lines: Vec::new(),
        };
        branches::fold(&mut code.instructions);
        remove(&mut code);
        code
    }

    fn left(program: &[bpf_insn]) -> Vec<(u8, u8, u8, i16, i32)> {
        fields(&pruned(program, Vec::new()).instructions)
    }

    #[test]
    fn a_branch_on_a_constant_is_decided() {
        let taken = [set(2, 7), if_equal(2, 7, 1), set(0, 1), exit()];
        assert_eq!(left(&taken), fields(&[set(2, 7), exit()]));
        let not_taken = [set(2, 8), if_equal(2, 7, 1), set(0, 1), exit()];
        assert_eq!(left(&not_taken), fields(&[set(2, 8), set(0, 1), exit()]));
    }

    #[test]
    fn minus_one_of_32_bits_is_not_minus_one() {
        // `set` clears the upper half, which the comparison does not.
        let program = [set(2, -1), if_equal(2, -1, 1), set(0, 1), exit()];
        assert_eq!(left(&program), fields(&[set(2, -1), set(0, 1), exit()]));
    }

    #[test]
    fn a_loaded_number_is_not_known() {
        let program = [set(2, 7), load(2), if_equal(2, 7, 1), set(0, 1), exit()];
        assert_eq!(left(&program), fields(&program));
    }

    #[test]
    fn nothing_is_known_where_two_paths_join() {
        let program = [
            load(3),
            set(2, 7),
            if_equal(3, 1, 1),
            set(2, 8),
            if_equal(2, 7, 1),
            set(0, 1),
            exit(),
        ];
        assert_eq!(left(&program), fields(&program));
    }

    #[test]
    fn a_call_forgets_the_registers_that_it_may_change() {
        let program = |register| {
            [
                set(register, 7),
                instruction(BPF_JMP | BPF_CALL, (0, 0), 0, 14),
                if_equal(register, 7, 1),
                set(0, 1),
                exit(),
            ]
        };
        assert_eq!(left(&program(3)), fields(&program(3)));
        assert_eq!(left(&program(6)).len(), 3);
    }

    #[test]
    fn distances_shrink_with_the_code_between() {
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
        assert_eq!(left(&program), fields(&expected));
    }

    #[test]
    fn a_function_that_is_not_called_any_more_is_removed() {
        let program = [
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
        let code = pruned(&program, vec![info(0), info(5), info(7)]);
        let expected = [set(2, 7), call(1), exit(), set(0, 2), exit()];
        assert_eq!(fields(&code.instructions), fields(&expected));
        assert_eq!(records(&code), [(0, 0), (3, 7)]);
    }

    #[test]
    fn a_function_that_begins_with_a_jump_over_nothing_keeps_its_record() {
        let program = [
            noop(),
            call(2), // the first function
            call(3), // the second
            exit(),
            noop(),
            exit(),
            set(0, 1),
            exit(),
        ];
        let code = pruned(&program, vec![info(0), info(4), info(6)]);
        let expected = [call(2), call(2), exit(), exit(), set(0, 1), exit()];
        assert_eq!(fields(&code.instructions), fields(&expected));
        assert_eq!(records(&code), [(0, 0), (3, 4), (4, 6)]);
    }
}
