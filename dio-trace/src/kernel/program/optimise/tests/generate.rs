//! Random programs: what LLVM makes of the probes, more densely and in any order.

use aya_obj::generated::{
    BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_ARSH, BPF_ATOMIC, BPF_B, BPF_CALL, BPF_CMPXCHG,
    BPF_DIV, BPF_DW, BPF_END, BPF_FETCH, BPF_H, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT,
    BPF_JMP, BPF_JMP32, BPF_JNE, BPF_JSET, BPF_JSGE, BPF_JSGT, BPF_JSLE, BPF_JSLT, BPF_K, BPF_LDX,
    BPF_LSH, BPF_MEM, BPF_MOD, BPF_MOV, BPF_MUL, BPF_NEG, BPF_OR, BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC,
    BPF_PSEUDO_MAP_VALUE, BPF_RSH, BPF_ST, BPF_STX, BPF_SUB, BPF_W, BPF_X, BPF_XCHG, BPF_XOR,
    bpf_insn,
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};

use super::{
    assemble::{Piece, assemble, second},
    interpret::{HELPER, LOAD_ACQ, MAP, STORE_REL},
};
use crate::kernel::sys::{
    code::Code,
    instruction::{LOAD_WIDE, exit, instruction, jump},
};

/// Descriptor of a map that is not read-only.
const OTHER_MAP: i32 = 8;
type Registers = (u8, u8);

/// Programs with up to two functions.
pub(super) fn program() -> impl Strategy<Value = Code> {
    let function = || (vec(piece(), 1..25), any::<u8>());
    vec(function(), 1..4).prop_map(|functions| assemble(&functions))
}

/// Registers that the interpreter does not need itself: few of them often, so that pieces meet.
fn register() -> impl Strategy<Value = u8> {
    prop_oneof![3 => 0..4_u8, 1 => 4..8_u8]
}

fn pair() -> impl Strategy<Value = Registers> {
    (register(), register())
}

/// Numbers that programs compare with, shift by, and add.
fn number() -> impl Strategy<Value = i32> {
    prop_oneof![
        4 => select(vec![0, 1, 2, 7, 8, 16, 24, 31, 32, 40, 63, 64, -1, -8, -19]),
        1 => select(vec![i32::MIN, i32::MAX, i32::MAX - 3, i16::MAX.into(), i16::MIN.into()]),
        1 => any::<i32>(),
    ]
}

fn small() -> impl Strategy<Value = i16> {
    prop_oneof![8 => -24..24_i16, 1 => select(vec![i16::MAX, i16::MIN])]
}

fn size() -> impl Strategy<Value = u32> {
    select(vec![BPF_B, BPF_H, BPF_W, BPF_DW])
}

fn plain(pieces: impl Into<Vec<bpf_insn>>) -> Piece {
    Piece::Plain(pieces.into())
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        6 => arithmetic().prop_map(|one| plain([one])),
        6 => (register(), number(), class()).prop_map(|(dst, imm, class)| {
            plain([instruction(class | BPF_MOV | BPF_K, (dst, 0), 0, imm)])
        }),
        2 => unusual(),
        4 => arithmetic_on_a_number(),
        3 => constant(),
        4 => access(),
        2 => atomic(),
        6 => branch(),
        1 => goes_on(),
    ]
}

fn class() -> impl Strategy<Value = u32> {
    select(vec![BPF_ALU, BPF_ALU64])
}

fn arithmetic() -> impl Strategy<Value = bpf_insn> {
    const OPERATIONS: [u32; 12] = [
        BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR, BPF_AND, BPF_LSH, BPF_RSH, BPF_MOD, BPF_XOR,
        BPF_MOV, BPF_ARSH,
    ];
    let operation = select(OPERATIONS.to_vec());
    let operand = select(vec![BPF_K, BPF_X]);
    (class(), operation, operand, pair(), number()).prop_map(
        |(class, operation, operand, (dst, src), imm)| {
            let bits = if class == BPF_ALU { 32 } else { 64 };
            // The kernel takes no other distances.
            let imm = match operation {
                BPF_LSH | BPF_RSH | BPF_ARSH => imm.rem_euclid(bits),
                BPF_DIV | BPF_MOD if imm == 0 => 1,
                _ => imm,
            };
            let (src, imm) = if operand == BPF_X { (src, 0) } else { (0, imm) };
            instruction(class | operation | operand, (dst, src), 0, imm)
        },
    )
}

/// A number, and what is made of it at once.
fn arithmetic_on_a_number() -> impl Strategy<Value = Piece> {
    (arithmetic(), number(), number(), any::<bool>()).prop_map(|(one, low, high, is_wide)| {
        let dst = one.dst_reg();
        match is_wide {
            true => plain([instruction(LOAD_WIDE, (dst, 0), 0, low), second(high), one]),
            false => plain([
                instruction(BPF_ALU64 | BPF_MOV | BPF_K, (dst, 0), 0, low),
                one,
            ]),
        }
    })
}

/// Negation, a change of byte order, a move that extends a sign, a wide number.
fn unusual() -> impl Strategy<Value = Piece> {
    prop_oneof![
        (class(), register()).prop_map(|(class, dst)| plain([instruction(
            class | BPF_NEG,
            (dst, 0),
            0,
            0
        )])),
        (
            register(),
            select(vec![BPF_K, BPF_X]),
            select(vec![16, 32, 64])
        )
            .prop_map(|(dst, order, bits)| {
                plain([instruction(BPF_ALU | BPF_END | order, (dst, 0), 0, bits)])
            }),
        (class(), pair(), select(vec![8, 16])).prop_map(|(class, registers, bits)| {
            plain([instruction(class | BPF_MOV | BPF_X, registers, bits, 0)])
        }),
        (register(), number(), number()).prop_map(|(dst, low, high)| {
            plain([instruction(LOAD_WIDE, (dst, 0), 0, low), second(high)])
        }),
    ]
}

/// Loads from the map of constants, some of whose offset is in the address, some in an addition, and
/// some in the load. Some are of another map, or lie outside.
fn constant() -> impl Strategy<Value = Piece> {
    let map = prop_oneof![9 => Just(MAP), 1 => Just(OTHER_MAP)];
    let register_and_offsets = (register(), 0..10_i32, 0..6_i32, 0..6_i16);
    (map, register_and_offsets, size(), register(), 0..4).prop_map(
        |(map, (base, offset, more, off), size, dst, form)| {
            let map_value = BPF_PSEUDO_MAP_VALUE as u8;
            let address = instruction(LOAD_WIDE, (base, map_value), 0, map);
            let add = instruction(BPF_ALU64 | BPF_ADD | BPF_K, (base, 0), 0, more);
            let load = instruction(BPF_LDX | BPF_MEM | size, (dst, base), off, 0);
            match form {
                0 => plain([address, second(offset)]),
                1 => plain([address, second(offset), load]),
                2 => plain([address, second(offset), add, load]),
                // Of whatever was in the register.
                _ => plain([load]),
            }
        },
    )
}

/// Loads and stores through a copy of a pointer that is displaced before or after it is copied, and whose
/// base may change in between.
fn access() -> impl Strategy<Value = Piece> {
    let base = prop_oneof![1 => Just(10), 2 => register()];
    let pointer = (base, register(), select(vec![-16, -8, 0, 8, 40, 0x7fff]));
    let memory = (size(), register(), small(), number());
    let copies = prop_oneof![5 => Just(BPF_ALU64), 1 => Just(BPF_ALU)];
    (pointer, memory, copies, 0..7, 0..4).prop_map(
        |((base, pointer, more), (size, value, off, imm), copies, form, kind)| {
            let copy = instruction(copies | BPF_MOV | BPF_X, (pointer, base), 0, 0);
            let add = instruction(BPF_ALU64 | BPF_ADD | BPF_K, (pointer, 0), 0, more);
            let set = instruction(BPF_ALU64 | BPF_MOV | BPF_K, (pointer, 0), 0, more);
            let add_base = instruction(BPF_ALU64 | BPF_ADD | BPF_X, (pointer, base), 0, 0);
            let change = match base {
                10 => instruction(BPF_ALU64 | BPF_ADD | BPF_K, (value, 0), 0, imm),
                base => instruction(BPF_ALU64 | BPF_ADD | BPF_K, (base, 0), 0, imm),
            };
            let back = instruction(BPF_ALU64 | BPF_MOV | BPF_X, (base, pointer), 0, 0);
            let access = |pointer| match kind {
                0 | 1 => instruction(BPF_LDX | BPF_MEM | size, (value, pointer), off, 0),
                2 => instruction(BPF_STX | BPF_MEM | size, (pointer, value), off, 0),
                _ => instruction(BPF_ST | BPF_MEM | size, (pointer, 0), off, imm),
            };
            let (access, access_base) = (access(pointer), access(base));
            match form {
                0 => plain([copy, add, access]),
                1 => plain([set, add_base, access]),
                2 => plain([copy, add]),
                3 => plain([copy, add, change, access]),
                4 => plain([copy, access]),
                5 if base != 10 => plain([copy, add, back, access_base]),
                _ => plain([access]),
            }
        },
    )
}

fn atomic() -> impl Strategy<Value = Piece> {
    const OPERATIONS: [u32; 12] = [
        BPF_ADD,
        BPF_AND,
        BPF_OR,
        BPF_XOR,
        BPF_ADD | BPF_FETCH,
        BPF_AND | BPF_FETCH,
        BPF_OR | BPF_FETCH,
        BPF_XOR | BPF_FETCH,
        BPF_XCHG,
        BPF_CMPXCHG,
        LOAD_ACQ,
        STORE_REL,
    ];
    let atomic =
        (select(OPERATIONS.to_vec()), pair(), small()).prop_map(|(operation, registers, off)| {
            let code = BPF_STX | BPF_ATOMIC | BPF_DW;
            instruction(code, registers, off, operation as i32)
        });
    // Often an exchange may find the number that it expects.
    (atomic, number(), 0..4).prop_map(|(atomic, imm, form)| {
        let set = |imm| instruction(BPF_ALU64 | BPF_MOV | BPF_K, (0, 0), 0, imm);
        let (dst, off) = (atomic.dst_reg(), atomic.off);
        let store = instruction(BPF_ST | BPF_MEM | BPF_DW, (dst, 0), off, imm);
        match form {
            0 => plain([store, set(imm), atomic, set(0)]),
            1 => plain([set(imm), atomic]),
            _ => plain([atomic]),
        }
    })
}

fn branch() -> impl Strategy<Value = Piece> {
    const OPERATIONS: [u32; 11] = [
        BPF_JEQ, BPF_JNE, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE, BPF_JSET, BPF_JSGT, BPF_JSGE,
        BPF_JSLT, BPF_JSLE,
    ];
    let classes = select(vec![BPF_JMP, BPF_JMP32]);
    let operand = select(vec![BPF_K, BPF_X]);
    let operation = select(OPERATIONS.to_vec());
    let branch = (classes, operation, operand, pair(), number()).prop_map(
        |(class, operation, operand, (dst, src), imm)| {
            let (src, imm) = if operand == BPF_X { (src, 0) } else { (0, imm) };
            instruction(class | operation | operand, (dst, src), 0, imm)
        },
    );
    let always = prop_oneof![Just(jump(0)), Just(instruction(BPF_JMP32, (0, 0), 0, 0))];
    let one = prop_oneof![8 => branch, 1 => always];
    let goal = (any::<Index>(), prop::bool::weighted(0.15));
    let numbers = (class(), number(), number(), number(), 0..3);
    (one, numbers, goal).prop_map(|(one, (class, left, high, right, form), (goal, to_any))| {
        let wide = instruction(LOAD_WIDE, (one.dst_reg(), 0), 0, left);
        let set = |register, imm| instruction(class | BPF_MOV | BPF_K, (register, 0), 0, imm);
        let before = match form {
            0 => vec![set(one.src_reg(), right), set(one.dst_reg(), left)],
            1 => vec![set(one.src_reg(), right), wide, second(high)],
            _ => Vec::new(),
        };
        Piece::Jump(before, one, goal, to_any)
    })
}

/// Calls, addresses of functions, and an end in the middle.
fn goes_on() -> impl Strategy<Value = Piece> {
    let helper = instruction(BPF_JMP | BPF_CALL, (0, 0), 0, HELPER);
    let call = instruction(BPF_JMP | BPF_CALL, (0, BPF_PSEUDO_CALL as u8), 0, 0);
    let function = |one, goal| Piece::Function(one, goal);
    prop_oneof![
        2 => Just(plain([helper])),
        3 => any::<Index>().prop_map(move |goal| function(call, goal)),
        1 => (register(), any::<Index>()).prop_map(move |(dst, goal)| {
            let address = instruction(LOAD_WIDE, (dst, BPF_PSEUDO_FUNC as u8), 0, 0);
            function(address, goal)
        }),
        1 => Just(plain([exit()])),
    ]
}
