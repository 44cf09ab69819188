//! Runs a program in `rbpf`, an interpreter that knows nothing of this crate.
//!
//! Its dialect is smaller than the kernel's: each instruction that it does not know, or takes for
//! something else, is lowered to several that it does. Every program runs to an end there: an address is
//! reduced to one of a small memory, calls change the registers that they may change, and jumps back cost
//! fuel. Registers 8 and 9 are needed for that, so programs to run use 0 to 7 and 10.

use std::cell::Cell;

use aya_obj::generated::{
    BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_ARSH, BPF_ATOMIC, BPF_CALL, BPF_CMPXCHG, BPF_DW,
    BPF_EXIT, BPF_FETCH, BPF_JA, BPF_JMP, BPF_JMP32, BPF_JNE, BPF_JSGT, BPF_K, BPF_LD, BPF_LDX,
    BPF_LSH, BPF_MEM, BPF_MOV, BPF_MUL, BPF_NEG, BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC,
    BPF_PSEUDO_MAP_VALUE, BPF_RSH, BPF_ST, BPF_STX, BPF_SUB, BPF_X, BPF_XCHG, BPF_XOR, bpf_insn,
};
use rbpf::EbpfVmRaw;

use crate::kernel::sys::instruction::{exit, instruction, jump};

/// Load with acquire and store with release (include/uapi/linux/bpf.h).
pub(super) const LOAD_ACQ: u32 = 0x100;
pub(super) const STORE_REL: u32 = 0x110;
/// Descriptor of the map of constants.
pub(super) const MAP: i32 = 7;
/// The only helper: its result depends on its arguments.
pub(super) const HELPER: i32 = 14;

/// Bytes of the memory, and of its lower part, which alone is written to.
const READABLE: i32 = 0x1000;
const WRITABLE: i32 = 0x800;
/// Address of the memory as programs see it, and in it: context, frame, constants.
const BASE: u64 = 0x7000_0000_0000;
const CONTEXT: u64 = BASE + 0x80;
const FRAME: u64 = BASE + 0x780;
const CONSTANTS: u64 = BASE + 0xc00;
/// Address of the value of any map but that of the constants.
const OTHER: u64 = BASE + 0x400;
/// Offset of the number of jumps back that are left, which no program reaches.
const FUEL: usize = READABLE as usize + 8;
const JUMPS_BACK: u64 = 40;
/// Content of registers that a call leaves undefined.
const UNDEFINED: i32 = 0x5eed;

const DOUBLE: u32 = BPF_MEM | BPF_DW;
const MOVE: u32 = BPF_ALU64 | BPF_MOV;
/// Registers of the lowered program.
const VALUE: u8 = 8;
const ADDRESS: u8 = 9;

/// All that a run leaves.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    result: u64,
    memory: Vec<u8>,
    calls: u64,
}

thread_local! {
    /// Sum over all calls of a run, in their order.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

fn helper(a: u64, b: u64, c: u64, d: u64, e: u64) -> u64 {
    let mix = |sum: u64, one: u64| {
        (sum ^ one)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(23)
    };
    let result = [a, b, c, d, e].into_iter().fold(1, mix);
    CALLS.set(mix(CALLS.get(), result));
    result
}

/// Runs a program on memory filled from `seed`, with `constants` in its read-only map. `None` where it
/// ran out of fuel.
pub(super) fn run(program: &[bpf_insn], constants: &[u8], seed: u64) -> Option<Outcome> {
    let mut memory: Vec<u8> = (0..FUEL as u64 + 8)
        .map(|at| (seed.wrapping_mul(at + 1) >> 7) as u8)
        .collect();
    let at = (CONSTANTS - BASE) as usize;
    memory[at..at + constants.len()].copy_from_slice(constants);
    memory[FUEL..].copy_from_slice(&JUMPS_BACK.to_ne_bytes());
    let lowered = bytes(&Lowering::of(program, memory.as_mut_ptr() as u64));
    CALLS.set(0);
    let result = {
        let mut machine = EbpfVmRaw::new(None).unwrap();
        // Its own check knows fewer programs than it can run.
        machine.set_verifier(|_| Ok(())).unwrap();
        machine.set_program(&lowered).unwrap();
        machine.register_helper(HELPER as u32, helper).unwrap();
        machine.execute_program(&mut memory).unwrap()
    };
    let fuel = memory.split_off(FUEL);
    (fuel != [0; 8]).then(|| Outcome {
        result,
        memory,
        calls: CALLS.get(),
    })
}

fn bytes(program: &[bpf_insn]) -> Vec<u8> {
    let one = |one: &bpf_insn| {
        let [off_low, off_high] = one.off.to_le_bytes();
        let [a, b, c, d] = one.imm.to_le_bytes();
        let registers = one.dst_reg() | one.src_reg() << 4;
        [one.code, registers, off_low, off_high, a, b, c, d]
    };
    program.iter().flat_map(one).collect()
}

/// Place that a lowered jump leads to, by the number of an original instruction.
#[derive(Clone, Copy)]
enum Goal {
    Instruction(usize),
    /// Where its function is entered.
    Function(usize),
}

/// A program that is being lowered.
struct Lowering {
    memory: u64,
    lowered: Vec<bpf_insn>,
    jumps: Vec<(usize, Goal)>,
}

impl Lowering {
    fn of(program: &[bpf_insn], memory: u64) -> Vec<bpf_insn> {
        let mut lowering = Self {
            memory,
            lowered: Vec::new(),
            jumps: Vec::new(),
        };
        let (mut functions, mut places) = (Vec::new(), Vec::new());
        let is_called = |at: usize| {
            program.iter().enumerate().any(|(from, one)| {
                is_call(*one) && from as i64 + 1 + i64::from(one.imm) == at as i64
            })
        };
        for (at, &one) in program.iter().enumerate() {
            functions.push(lowering.lowered.len());
            if at == 0 {
                lowering.wide(10, FRAME);
                lowering.wide(1, CONTEXT);
                lowering.undefine(&[0, 2, 3, 4, 5, 6, 7]);
            }
            if is_called(at) {
                lowering.undefine(&[0, 6, 7]);
            }
            places.push(lowering.lowered.len());
            let second = program.get(at + 1).copied();
            lowering.lower(at, one, second);
        }
        for (at, goal) in lowering.jumps {
            let to = match goal {
                Goal::Instruction(goal) => places[goal],
                Goal::Function(goal) => functions[goal],
            };
            let distance = to as i64 - at as i64 - 1;
            let one = &mut lowering.lowered[at];
            match goal {
                Goal::Instruction(_) => one.off = distance.try_into().unwrap(),
                Goal::Function(_) => one.imm = distance.try_into().unwrap(),
            }
        }
        lowering.lowered
    }

    fn push(&mut self, code: u32, registers: (u8, u8), off: i16, imm: i32) {
        self.lowered.push(instruction(code, registers, off, imm));
    }

    fn jump(&mut self, jump: bpf_insn, goal: Goal) {
        self.jumps.push((self.lowered.len(), goal));
        self.lowered.push(jump);
    }

    fn wide(&mut self, register: u8, number: u64) {
        self.push(BPF_LD | BPF_DW, (register, 0), 0, number as i32);
        self.push(0, (0, 0), 0, (number >> 32) as i32);
    }

    fn undefine(&mut self, registers: &[u8]) {
        for &register in registers {
            self.push(MOVE | BPF_K, (register, 0), 0, UNDEFINED);
        }
    }

    /// Sets [`ADDRESS`] to an address inside the memory's first bytes. All bits of the pointer count.
    fn address(&mut self, base: u8, off: i16, bytes: i32) {
        self.push(MOVE | BPF_X, (ADDRESS, base), 0, 0);
        self.push(BPF_ALU64 | BPF_ADD | BPF_K, (ADDRESS, 0), 0, off.into());
        self.wide(VALUE, BASE);
        self.push(BPF_ALU64 | BPF_SUB | BPF_X, (ADDRESS, VALUE), 0, 0);
        self.push(MOVE | BPF_X, (VALUE, ADDRESS), 0, 0);
        self.push(BPF_ALU64 | BPF_RSH | BPF_K, (VALUE, 0), 0, 32);
        self.push(BPF_ALU64 | BPF_MUL | BPF_K, (VALUE, 0), 0, 40);
        self.push(BPF_ALU64 | BPF_ADD | BPF_X, (ADDRESS, VALUE), 0, 0);
        self.push(BPF_ALU64 | BPF_AND | BPF_K, (ADDRESS, 0), 0, bytes - 1);
        self.wide(VALUE, self.memory);
        self.push(BPF_ALU64 | BPF_ADD | BPF_X, (ADDRESS, VALUE), 0, 0);
    }

    fn lower(&mut self, at: usize, one: bpf_insn, second: Option<bpf_insn>) {
        let code = u32::from(one.code);
        let (dst, src) = (one.dst_reg(), one.src_reg());
        let goal = |distance: i64| (at as i64 + 1 + distance) as usize;
        match (code & 0x07, code & 0xf0) {
            // The second slot of a wide one.
            (BPF_LD, _) if code == 0 => {}
            (BPF_LD, _) => {
                let second = second.unwrap();
                let (low, high) = (one.imm as u32, second.imm as u32);
                match u32::from(src) {
                    BPF_PSEUDO_MAP_VALUE => {
                        let map = if one.imm == MAP { CONSTANTS } else { OTHER };
                        self.wide(dst, map.wrapping_add(i64::from(second.imm) as u64));
                    }
                    BPF_PSEUDO_FUNC => self.undefine(&[dst]),
                    _ => self.wide(dst, u64::from(high) << 32 | u64::from(low)),
                }
            }
            (BPF_ALU | BPF_ALU64, BPF_MOV) if one.off != 0 => {
                let whole = if code & 0x07 == BPF_ALU { 32 } else { 64 };
                let class = code & 0x07;
                self.push(class | BPF_MOV | BPF_X, (dst, src), 0, 0);
                let distance = whole - i32::from(one.off);
                self.push(class | BPF_LSH | BPF_K, (dst, 0), 0, distance);
                self.push(class | BPF_ARSH | BPF_K, (dst, 0), 0, distance);
            }
            // It would overflow.
            (BPF_ALU64, BPF_NEG) => {
                self.push(BPF_ALU64 | BPF_XOR | BPF_K, (dst, 0), 0, -1);
                self.push(BPF_ALU64 | BPF_ADD | BPF_K, (dst, 0), 0, 1);
            }
            (BPF_ALU | BPF_ALU64, _) => self.lowered.push(one),
            (BPF_LDX, _) => {
                self.address(src, one.off, READABLE);
                self.push(code, (dst, ADDRESS), 0, 0);
            }
            (BPF_STX, _) if code & 0xe0 == BPF_ATOMIC => self.atomic(one),
            (BPF_ST | BPF_STX, _) => {
                self.address(dst, one.off, WRITABLE);
                self.push(code, (ADDRESS, src), 0, one.imm);
            }
            (BPF_JMP, BPF_EXIT) => self.lowered.push(one),
            (BPF_JMP, BPF_CALL) => {
                match is_call(one) {
                    true => self.jump(one, Goal::Function(goal(one.imm.into()))),
                    false => self.lowered.push(one),
                }
                self.undefine(&[1, 2, 3, 4, 5]);
            }
            (BPF_JMP, BPF_JA) => self.jump_always(at, goal(one.off.into())),
            (BPF_JMP32, BPF_JA) => self.jump_always(at, goal(one.imm.into())),
            _ => self.branch(at, one, goal(one.off.into())),
        }
    }

    fn jump_always(&mut self, at: usize, goal: usize) {
        if goal <= at {
            self.wide(ADDRESS, self.memory + FUEL as u64);
            self.push(BPF_LDX | DOUBLE, (VALUE, ADDRESS), 0, 0);
            self.push(BPF_JMP | BPF_JSGT | BPF_K, (VALUE, 0), 1, 0);
            self.lowered.push(exit());
            self.push(BPF_ALU64 | BPF_ADD | BPF_K, (VALUE, 0), 0, -1);
            self.push(BPF_STX | DOUBLE, (ADDRESS, VALUE), 0, 0);
        }
        self.jump(jump(0), Goal::Instruction(goal));
    }

    fn branch(&mut self, at: usize, mut one: bpf_insn, goal: usize) {
        let code = u32::from(one.code);
        // It does not extend the sign.
        if code & 0x07 == BPF_JMP && code & BPF_X == BPF_K && one.imm < 0 {
            self.push(MOVE | BPF_K, (VALUE, 0), 0, one.imm);
            one.code |= BPF_X as u8;
            one.set_src_reg(VALUE);
        }
        if goal > at {
            return self.jump(one, Goal::Instruction(goal));
        }
        one.off = 1;
        self.lowered.push(one);
        self.jump(jump(0), Goal::Instruction(at + 1));
        self.jump_always(at, goal);
    }

    fn atomic(&mut self, one: bpf_insn) {
        let (dst, src) = (one.dst_reg(), one.src_reg());
        let operation = one.imm as u32;
        if operation == LOAD_ACQ {
            self.address(src, one.off, READABLE);
            return self.push(BPF_LDX | DOUBLE, (dst, ADDRESS), 0, 0);
        }
        self.address(dst, one.off, WRITABLE);
        self.push(BPF_LDX | DOUBLE, (VALUE, ADDRESS), 0, 0);
        match operation {
            STORE_REL => self.push(BPF_STX | DOUBLE, (ADDRESS, src), 0, 0),
            BPF_XCHG => {
                self.push(BPF_STX | DOUBLE, (ADDRESS, src), 0, 0);
                self.push(MOVE | BPF_X, (src, VALUE), 0, 0);
            }
            BPF_CMPXCHG => {
                self.push(BPF_JMP | BPF_JNE | BPF_X, (VALUE, 0), 1, 0);
                self.push(BPF_STX | DOUBLE, (ADDRESS, src), 0, 0);
                self.push(MOVE | BPF_X, (0, VALUE), 0, 0);
            }
            _ if operation & BPF_FETCH == 0 => {
                self.push(BPF_ALU64 | operation | BPF_X, (VALUE, src), 0, 0);
                self.push(BPF_STX | DOUBLE, (ADDRESS, VALUE), 0, 0);
            }
            _ => {
                let operation = operation & !BPF_FETCH;
                self.push(BPF_ALU64 | operation | BPF_X, (src, VALUE), 0, 0);
                self.push(BPF_STX | DOUBLE, (ADDRESS, src), 0, 0);
                self.push(MOVE | BPF_X, (src, VALUE), 0, 0);
            }
        }
    }
}

fn is_call(one: bpf_insn) -> bool {
    u32::from(one.code) == BPF_JMP | BPF_CALL && u32::from(one.src_reg()) == BPF_PSEUDO_CALL
}
