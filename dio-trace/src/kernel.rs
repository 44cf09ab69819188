//! The running kernel: what it is, what its probes are attached to, and what they see. Nothing
//! outside this module knows aya.
//!
//! ```text
//!  live ------> capture -----> attach ----> program ----> machine ----> sys
//!   one source   what the       each hook    the eBPF      what this     raw doors:
//!   of batches   probes left    by the best  object made   machine and   bpf(2), tracefs,
//!                in their       way that     into what     its kernel    membarrier
//!                tables         works here   this kernel   are
//!                                            will take
//!  preflight --> attach, program, machine: what `doctor` checks without tracing
//!  options: what the user chose for a trace; read by all, reads nothing
//! ```
//!
//! A room imports only from rooms to its right (`tests/rooms.rs` holds that).
//!
//! # The life of a request
//!
//! 1. [`Probes::attach`] reads the kernel's types (`machine`), turns the embedded object into programs
//!    for this kernel (`program`) and hooks them (`attach`, by the plan in `attach/plan.rs`).
//! 2. A program calls `read(2)` on an `O_DIRECT` file: the probe at the filesystem's `read_iter`
//!    makes a row for the request, and probes at engines and bios add to it (`dio-trace-ebpf`).
//! 3. The request ends: the probe judges it, and either counts it in a table or sends it through the
//!    ring buffer.
//! 4. [`Capture`] drains both, gives names to numbers (files, groups, stacks), and reports losses.
//! 5. [`Live`] closes a batch of records four times a second, marks bursts that look for an alignment,
//!    and hands it to whoever reads the [`EventSource`](crate::source::EventSource).

mod attach;
mod capture;
mod live;
mod machine;
mod options;
mod preflight;
mod program;
mod sys;

pub use attach::{NothingAttached, Probes};
pub use capture::Capture;
pub use live::Live;
pub use machine::{
    KernelTypes, Mount, Needs, Resolved, block_device, block_device_named, block_devices,
    in_initial_pid_namespace, keep_only, mounts, rule_set, thread_group,
};
pub use options::Options;
pub use preflight::{Check, State, TypesFound, preemption_of_probes, preflight};
