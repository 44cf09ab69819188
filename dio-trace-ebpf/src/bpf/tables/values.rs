//! Types of map values that only the probes use.

use bytemuck::{Pod, Zeroable};

use dio_trace_ebpf::abi::request::Origin;

/// The kiocb that a thread submits.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(in crate::bpf) struct CurrentKiocb {
    /// The kiocb, 0 for none.
    pub(in crate::bpf) kiocb: u64,
    /// The kiocb whose end the first exit program of a pair has just seen, 0 for none.
    pub(in crate::bpf) left: u64,
}

impl CurrentKiocb {
    pub(in crate::bpf) const NONE: Self = Self { kiocb: 0, left: 0 };
}

/// A cached owner and file, with the time of the lookup.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(in crate::bpf) struct CachedOrigin {
    /// Even if the rest is whole. A program may be preempted by another one that uses the same place.
    pub(in crate::bpf) version: u64,
    /// When it was looked up, in jiffies.
    pub(in crate::bpf) tick: u64,
    /// The thread, as [`current_thread`](super::threads::current_thread) gives it.
    pub(in crate::bpf) thread: u64,
    /// Address of the `struct file`.
    pub(in crate::bpf) file: u64,
    /// Address of its `struct inode`.
    pub(in crate::bpf) inode: u64,
    /// Its inode generation.
    pub(in crate::bpf) generation: u64,
    pub(in crate::bpf) origin: Origin,
}

/// A process' share of details: when its window began, and how many it has sent since.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(in crate::bpf) struct Share {
    pub(in crate::bpf) window: u64,
    pub(in crate::bpf) sent: u64,
}
