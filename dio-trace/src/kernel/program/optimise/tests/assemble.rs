//! Puts random pieces together: jumps and calls find their targets, functions and lines their records.

use aya_obj::generated::{
    BPF_ADD, BPF_ALU64, BPF_CALL, BPF_JMP, BPF_JMP32, BPF_K, BPF_MUL, BPF_X, bpf_func_info,
    bpf_insn, bpf_line_info,
};
use proptest::sample::Index;

use crate::kernel::sys::{
    code::Code,
    instruction::{LOAD_WIDE, exit, instruction, jump},
};

/// Distance of the numbers of lines of two functions.
pub(super) const LINES: u32 = 1000;

/// One to four instructions that belong together.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Plain(Vec<bpf_insn>),
    /// Instructions and then a jump to a piece of the same function, by `off` or by `imm`: to any, or to a
    /// later one.
    Jump(Vec<bpf_insn>, bpf_insn, Index, bool),
    /// A call of a later function, or its address. Where there is none, nothing.
    Function(bpf_insn, Index),
}

/// A function, and the registers that its result depends on, as bits.
pub(super) type Function = (Vec<Piece>, u8);

/// The second slot of a wide instruction.
pub(super) fn second(imm: i32) -> bpf_insn {
    instruction(0, (0, 0), 0, imm)
}

/// A program of these functions, the first of which is entered.
pub(super) fn assemble(functions: &[Function]) -> Code {
    let mut code = Code::default();
    let mut calls = Vec::new();
    let mut starts = Vec::new();
    for (number, (pieces, result)) in functions.iter().enumerate() {
        starts.push(code.instructions.len());
        code.functions.push(bpf_func_info {
            insn_off: code.instructions.len() as u32,
            type_id: number as u32,
        });
        let mut jumps = Vec::new();
        let mut places = Vec::new();
        for (piece, line) in pieces.iter().zip(LINES * number as u32..) {
            let at = code.instructions.len();
            places.push(at);
            code.lines.push(bpf_line_info {
                insn_off: at as u32,
                file_name_off: 0,
                line_off: 0,
                line_col: line,
            });
            match piece {
                Piece::Plain(instructions) => code.instructions.extend(instructions),
                Piece::Jump(before, jump, goal, to_any) => {
                    code.instructions.extend(before);
                    let first = if *to_any { 0 } else { places.len() };
                    jumps.push((code.instructions.len(), first, *goal));
                    code.instructions.push(*jump);
                }
                Piece::Function(one, goal) if number + 1 < functions.len() => {
                    let later = functions.len() - number - 1;
                    calls.push((at, number + 1 + goal.index(later)));
                    code.instructions.push(*one);
                    if one.code == LOAD_WIDE as u8 {
                        code.instructions.push(second(0));
                    }
                }
                Piece::Function(..) => code.instructions.push(jump(0)),
            }
        }
        places.push(code.instructions.len());
        for register in (1..8).filter(|register| result >> register & 1 == 1) {
            code.instructions.extend([
                instruction(BPF_ALU64 | BPF_MUL | BPF_K, (0, 0), 0, 31),
                instruction(BPF_ALU64 | BPF_ADD | BPF_X, (0, register), 0, 0),
            ]);
        }
        code.instructions.push(exit());
        for (at, first, goal) in jumps {
            let places = &places[first..];
            aim(
                &mut code.instructions[at],
                at,
                places[goal.index(places.len())],
            );
        }
    }
    for (at, function) in calls {
        aim(&mut code.instructions[at], at, starts[function]);
    }
    code
}

fn aim(one: &mut bpf_insn, at: usize, to: usize) {
    let distance = to as i32 - at as i32 - 1;
    let code = u32::from(one.code);
    if [LOAD_WIDE, BPF_JMP | BPF_CALL, BPF_JMP32].contains(&code) {
        one.imm = distance;
    } else {
        one.off = distance as i16;
    }
}
