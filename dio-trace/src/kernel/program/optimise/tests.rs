//! Programs do the same before and after each pass, as an interpreter runs them, and what points into
//! them stays right.

mod assemble;
mod generate;
mod interpret;

use aya_obj::generated::{BPF_ALU, BPF_ALU64, BPF_ARSH, BPF_LSH, BPF_RSH, BPF_X, bpf_insn};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use self::{
    assemble::LINES,
    generate::program,
    interpret::{MAP, run},
};
use super::{fold, prune};
use crate::kernel::{
    program::constants::Constants,
    sys::{
        code::Code,
        instruction::{CLASS, Kind, OPERATION, kind, starts, target},
    },
};

const BYTES: [u8; 24] = [
    1, 0, 0, 0, 8, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff, 7, 7, 0, 0, 0, 0, 0, 0, 24, 0, 0, 0,
];

fn constants() -> Constants {
    Constants {
        map: MAP,
        bytes: BYTES.to_vec(),
    }
}

/// The same program, pruned and then folded as well.
fn optimised(before: &Code) -> [Code; 2] {
    let mut pruned = before.clone();
    prune(&mut pruned, &constants());
    let mut folded = pruned.clone();
    fold(&mut folded);
    [pruned, folded]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_program_does_the_same(before in program(), seeds in any::<[u64; 2]>()) {
        let after = optimised(&before);
        for seed in seeds {
            let expected = run(&before.instructions, &BYTES, seed);
            for after in &after {
                let found = run(&after.instructions, &BYTES, seed);
                prop_assert_eq!(&found, &expected);
            }
        }
    }

    #[test]
    fn the_kernel_takes_records_jumps_and_numbers(before in program()) {
        for after in optimised(&before) {
            check_records(&after)?;
            check_jumps(&after)?;
        }
    }
}

/// First instruction of the program, and of every function that something calls or takes the address of.
fn functions(instructions: &[bpf_insn]) -> Vec<usize> {
    let mut functions = vec![0];
    for at in starts(instructions) {
        if let Kind::Call | Kind::FunctionAddress = kind(instructions[at]) {
            functions.extend(target(instructions, at));
        }
    }
    functions.sort_unstable();
    functions.dedup();
    functions
}

/// Asserts that there is one record for each function, and that it begins with a line of its own.
fn check_records(code: &Code) -> Result<(), TestCaseError> {
    let starts: Vec<usize> = starts(&code.instructions).collect();
    let functions = functions(&code.instructions);
    let records: Vec<usize> = code
        .functions
        .iter()
        .map(|one| one.insn_off as usize)
        .collect();
    prop_assert_eq!(&records, &functions);

    let lines: Vec<usize> = code.lines.iter().map(|one| one.insn_off as usize).collect();
    prop_assert!(lines.is_sorted_by(|a, b| a < b));
    prop_assert!(lines.iter().all(|line| starts.contains(line)));
    for record in &code.functions {
        let line = code
            .lines
            .iter()
            .find(|line| line.insn_off == record.insn_off);
        prop_assert_eq!(line.map(|line| line.line_col / LINES), Some(record.type_id));
    }
    Ok(())
}

/// Asserts that every instruction is one, that none but calls leads out of its function, and that none
/// shifts too far.
fn check_jumps(code: &Code) -> Result<(), TestCaseError> {
    let instructions = &code.instructions;
    let starts: Vec<usize> = starts(instructions).collect();
    let functions = functions(instructions);
    let function = |at: usize| functions.iter().rposition(|start| *start <= at);
    for &at in &starts {
        let one = instructions[at];
        let code = u32::from(one.code);
        prop_assert_ne!(code, 0);
        if let (class @ (BPF_ALU | BPF_ALU64), BPF_LSH | BPF_RSH | BPF_ARSH) =
            (code & CLASS, code & OPERATION)
        {
            let bits = if class == BPF_ALU { 32 } else { 64 };
            prop_assert!(code & BPF_X != 0 || (0..bits).contains(&one.imm));
        }
        let kind = kind(one);
        let next = match kind {
            Kind::Jump | Kind::LongJump | Kind::Exit => None,
            Kind::Wide | Kind::FunctionAddress => Some(at + 2),
            _ => Some(at + 1),
        };
        let goal = match kind {
            Kind::Call | Kind::FunctionAddress => None,
            _ => target(instructions, at),
        };
        for to in next.into_iter().chain(goal) {
            prop_assert!(starts.contains(&to));
            prop_assert_eq!(function(to), function(at));
        }
    }
    Ok(())
}

/// Without this the test above could pass for want of anything to do.
#[test]
fn most_programs_run_to_their_end_and_become_shorter() {
    const PROGRAMS: usize = 500;
    let mut runner = TestRunner::deterministic();
    let (mut ended, mut before, mut pruned, mut folded) = (0, 0, 0, 0);
    for _ in 0..PROGRAMS {
        let program = program().new_tree(&mut runner).unwrap().current();
        let [once, twice] = optimised(&program);
        ended += usize::from(run(&program.instructions, &BYTES, 1).is_some());
        before += program.instructions.len();
        pruned += once.instructions.len();
        folded += twice.instructions.len();
    }
    assert!(ended * 10 > PROGRAMS * 8, "{ended} of {PROGRAMS} ended");
    assert!(pruned * 10 < before * 9, "{before} became {pruned}");
    assert!(folded * 10 < pruned * 9, "{pruned} became {folded}");
}
