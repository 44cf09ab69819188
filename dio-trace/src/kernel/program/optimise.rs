//! Optimises a program by the constants in it, which the compiler did not know.
//!
//! # The problem
//!
//! The probes read offsets of the kernel's structures and settings of the trace from constants, which
//! are known only on the machine that runs them. LLVM had to load each one, to add it to an address and to
//! branch on it. Two things follow:
//!
//! - Kernels before 5.17 have no `bpf_loop`. The probes ask a constant before they call it, but these
//!   kernels refuse the callback's address in a flat pass over all instructions
//!   (`resolve_pseudo_ldimm64`, `check_pseudo_btf_id`), whether it can be reached or not. That code has to
//!   be gone before the program is loaded, so [`prune`] is **needed**.
//! - The kernel knows constants of a frozen map while it verifies, and removes the code that they rule
//!   out. But it moves the whole program for each piece (half of the time that loading took), and the
//!   loads and additions stay. [`fold`] is **only faster**.
//!
//! # The steps
//!
//! [`prune`]:
//! 1. `constant_loads`: a load from the map of constants becomes a move of the number.
//! 2. `branches`: a branch whose operands are known becomes a jump, or nothing.
//! 3. `unreachable`: code that never runs and jumps over nothing are removed.
//!
//! [`fold`]:
//!
//! 4. `operands`: known registers become immediates, and `base + n` becomes a displacement.
//! 5. `dead_stores`: a register that is overwritten before it is read is not set.
//! 6. `unreachable` again, for what step 5 left as jumps over nothing.
//!
//! Steps 1, 2 and 4 ask `known_values` what each register holds.
//!
//! # An example
//!
//! `if has!(bio_cloned) && bio.flags & CLONED != 0` with an offset of 20 for `bio.flags`:
//!
//! ```text
//! as compiled                       pruned                       folded
//! r2 = &map 7[0] + 24
//! w2 = *(u8 *)(r2 +0)               r2 = &map 7[0] + 24
//! if w2 == 0 goto L1                w2 = 1
//! r3 = &map 7[0] + 40               r3 = &map 7[0] + 40
//! w3 = *(u16 *)(r3 +0)              w3 = 20
//! r1 = r6                           r1 = r6
//! r1 += r3                          r1 += r3
//! r1 = *(u16 *)(r1 +0)              r1 = *(u16 *)(r1 +0)         r1 = *(u16 *)(r6 +20)
//! r1 &= 2                           r1 &= 2                      r1 &= 2
//! if r1 == 0 goto L1                if r1 == 0 goto L1           if r1 == 0 goto L1
//! ```
//!
//! # Invariants
//!
//! - Only `unreachable` changes the number of instructions. Jumps and records then move by
//!   [`Code::edit`], or not at all where a jump would lead too far.
//! - Everything known is forgotten at an instruction that can be jumped to.
//! - An opcode that is not listed may read and change every register. A program with a jump of an unknown
//!   kind is left as it was compiled.
//! - There is one record in `func_info` for each function that can be reached, at its first instruction.
//!   The kernel refuses a program that has more or fewer.
//! - Memory, calls and the result are the same before and after. `tests` runs random programs in an
//!   interpreter to compare them.
//!
//! # Cost and benefit
//!
//! With [`fold`] an aligned read of a file on XFS costs 1,461 instructions, without it 1,536: 4.9 % less
//! (kernel 6.12, `cargo xtask bench --only "xfs read"`). Below 3 % it would not be worth its two passes.
//!
//! # Seeing it, and switching it off
//!
//! - `DIO_TRACE_DUMP_PROGRAMS=DIRECTORY` writes each program there as text, with source lines:
//!   `NAME.compiled`, `NAME.pruned` and `NAME.folded`. `diff` shows what a step did.
//! - `DIO_TRACE_PLAIN_PROGRAMS=1` skips [`fold`].
//! - `DIO_TRACE_VERIFIER_LOG=1` prints the verifier's log of a refused program with source lines, and
//!   the log of the same program as it was compiled: a fault of the optimiser is only in the first.

mod branches;
mod constant_loads;
mod dead_stores;
mod known_values;
mod operands;
#[cfg(test)]
mod tests;
mod unreachable;

use crate::kernel::{
    program::constants::Constants,
    sys::{
        code::Code,
        instruction::{Kind, kind},
    },
};

/// Switches [`fold`] off.
const PLAIN_PROGRAMS: &str = "DIO_TRACE_PLAIN_PROGRAMS";

/// Whether programs are wanted without [`fold`].
pub(super) fn is_plain_wanted() -> bool {
    std::env::var_os(PLAIN_PROGRAMS).is_some()
}

/// Writes constants in, decides the branches that depend on them, and removes what never runs.
pub(super) fn prune(code: &mut Code, constants: &Constants) {
    if !is_understood(code) {
        return;
    }
    constant_loads::inline(&mut code.instructions, constants);
    branches::fold(&mut code.instructions);
    unreachable::remove(code);
}

/// Replaces registers by the numbers and addresses that they are known to hold, and removes the
/// instructions that set them.
pub(super) fn fold(code: &mut Code) {
    if !is_understood(code) {
        return;
    }
    operands::fold(&mut code.instructions);
    dead_stores::eliminate(&mut code.instructions);
    unreachable::remove(code);
}

/// Whether it is known where every jump leads.
fn is_understood(code: &Code) -> bool {
    let mut instructions = code.instructions.iter();
    !instructions.any(|&instruction| kind(instruction) == Kind::Unknown)
}
