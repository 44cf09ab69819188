//! Doors to the kernel: the raw system calls of this crate's probes, and nothing else.

pub(in crate::kernel) mod bpf;
pub(in crate::kernel) mod code;
pub(in crate::kernel) mod handle;
pub(in crate::kernel) mod instruction;
pub(in crate::kernel) mod listing;
pub(in crate::kernel) mod quiesce;
pub(in crate::kernel) mod refusal;
pub(in crate::kernel) mod tracefs;
