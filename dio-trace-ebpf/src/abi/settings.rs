//! Decisions of userspace before the probes are loaded. Settings are constants to the verifier,
//! so a feature that is off costs nothing.

use bytemuck::{Pod, Zeroable};

use crate::words::Interface;

/// Name of the probe object's global that holds [`Settings`].
pub const SETTINGS_GLOBAL: &str = "SETTINGS";

/// Room in [`Settings::completions`].
pub const COMPLETION_SLOTS: usize = 8;

/// The [`Settings::completions`] by slot, and the interface each stands for.
pub const COMPLETIONS: [(&str, Interface); 8] = [
    ("aio_complete_rw", Interface::Aio),
    ("io_complete_rw", Interface::IoUring),
    ("io_complete_rw_iopoll", Interface::IoUring),
    ("lo_rw_aio_complete", Interface::Kernel),
    ("ovl_aio_rw_complete", Interface::Kernel),
    ("backing_aio_rw_complete", Interface::Kernel),
    ("ovl_aio_queue_completion", Interface::Kernel),
    ("backing_aio_queue_completion", Interface::Kernel),
];

/// Slots of overlayfs' own completions, up to 6.7.
pub const OVL_AIO: [usize; 2] = [4, 6];

/// Slots of the completions of all that pass requests on to another file, overlayfs among them,
/// from 6.8.
pub const BACKING_AIO: [usize; 2] = [5, 7];

/// Choices for one trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Settings {
    /// Addresses of the `ki_complete` functions that a probe is attached to; 0 where unused. They also
    /// give the interface, see [`COMPLETIONS`].
    pub completions: [u64; COMPLETION_SLOTS],
    /// Rows of each counting table, see [`RowLimits`](super::counters::RowLimits).
    pub counter_rows: u64,
    /// [`RuleSet`](crate::words::RuleSet) number in force on this kernel.
    pub rule_set: u32,
    /// 1: send the details of aligned requests as well (`--all`).
    pub detail_aligned: u32,
    /// 1: only threads of the processes in `TRACED_PROCESSES` and their descendants.
    pub only_traced: u32,
    /// Details each process may send within [`DETAIL_WINDOW`](Self::DETAIL_WINDOW) nanoseconds.
    pub detail_rate: u32,
    /// 1: take call stacks of misaligned requests.
    pub stacks: u32,
    /// 1: `bpf_loop` is there (from 5.17).
    pub has_loop: u32,
    /// 1: the fifth argument of `iomap_dio_rw` is a mere `bool wait_for_completion` (up to 5.14),
    /// not a word of flags.
    pub dio_flags_are_wait: u32,
    /// 1: fentry and fexit programs are attached twice. The kernel skips a tracing program that is already
    /// running on this CPU, and a preempted one still counts as running (`__bpf_prog_enter_recur`, from
    /// 5.12); the other of the pair then stands in.
    pub pairs: u32,
    /// Binary logarithm of the number of slots of each table; 0 for hash maps in their place. Slots are
    /// claimed by an instruction that came with 5.12, in programs that need `bpf_loop` (5.17), and released
    /// by a plain store after all others, which needs a processor that keeps the order of stores (x86).
    pub slot_bits: u32,
    /// 1: `direct_write_fallback` is hooked, by which what a raw device leaves to the page cache is known.
    pub sees_fallback: u32,
    /// Zero.
    pub reserved: u32,
    /// Thread group of dio-trace itself, whose requests are not traced; 0 for none.
    pub own_pid: u32,
}

impl Settings {
    /// Length of the window in which [`detail_rate`](Self::detail_rate) counts, nanoseconds.
    pub const DETAIL_WINDOW: u64 = 1_000_000_000;
}
