//! What the values of maps are that only the probes know.

use bytemuck::{Pod, Zeroable};

use dio_trace_ebpf::abi::request::Parties;

/// A thread's row.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(in crate::bpf) struct Busy {
    /// The kiocb, 0 for none.
    pub(in crate::bpf) kiocb: u64,
    /// The kiocb that the first exit program of a pair has just seen the end of, 0 for none.
    pub(in crate::bpf) left: u64,
}

impl Busy {
    pub(in crate::bpf) const NOTHING: Self = Self { kiocb: 0, left: 0 };
}

/// What was found out last.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(in crate::bpf) struct Remembered {
    /// Even where the rest is whole. A program may be preempted on its CPU by another one that uses
    /// the same place.
    pub(in crate::bpf) version: u64,
    /// When it was true, in jiffies.
    pub(in crate::bpf) tick: u64,
    /// The thread, as [`current_thread`](super::threads::current_thread) gives it.
    pub(in crate::bpf) thread: u64,
    /// Address of the `struct file`.
    pub(in crate::bpf) file: u64,
    /// Address of its `struct inode`.
    pub(in crate::bpf) inode: u64,
    pub(in crate::bpf) parties: Parties,
}

/// A process' share of details: when its window began, and how many it has sent since.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(in crate::bpf) struct Share {
    pub(in crate::bpf) window: u64,
    pub(in crate::bpf) sent: u64,
}
