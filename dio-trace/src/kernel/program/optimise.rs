//! Simplifies a program by the constants in it, which the compiler did not know.
//!
//! The kernel takes out what they rule out as well, but moves the whole program for each piece: half of
//! the time that loading took. It writes no numbers into instructions.

mod branches;
pub(in crate::kernel) mod constant_loads;
mod dead_stores;
mod known_values;
mod operands;
mod unreachable;

use aya_obj::generated::{bpf_func_info, bpf_insn};

/// Simplifies `instructions`, and keeps `functions` right, which says where each function begins.
pub(in crate::kernel) fn simplify(
    instructions: &mut Vec<bpf_insn>,
    functions: &mut Vec<bpf_func_info>,
) {
    branches::decide(instructions);
    // First, so that no jump which never runs hides what is known where it leads.
    unreachable::remove(instructions, functions);
    operands::write_in(instructions);
    dead_stores::clear(instructions);
    unreachable::remove(instructions, functions);
}
