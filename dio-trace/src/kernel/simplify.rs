//! Simplifies a program by the constants in it, which the compiler did not know.
//!
//! The kernel takes out what they rule out as well, but moves the whole program for each piece: half of
//! the time that loading took. It writes no numbers into instructions.

use aya_obj::generated::{bpf_func_info, bpf_insn};

use crate::kernel::{branches, dead_code, operands, unused};

/// Simplifies `instructions`, and keeps `functions` right, which says where each function begins.
pub(super) fn simplify(instructions: &mut Vec<bpf_insn>, functions: &mut Vec<bpf_func_info>) {
    branches::decide(instructions);
    // First, so that no jump which never runs hides what is known where it leads.
    dead_code::remove(instructions, functions);
    operands::write_in(instructions);
    unused::clear(instructions);
    dead_code::remove(instructions, functions);
}
