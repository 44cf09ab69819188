//! Facts about a request that are read from the kernel: its owner, its file, its memory.

pub(in crate::bpf) mod bios;
pub(in crate::bpf) mod cached;
pub(in crate::bpf) mod cause;
pub(in crate::bpf) mod device;
pub(in crate::bpf) mod filesystem;
pub(in crate::bpf) mod iovec;
pub(in crate::bpf) mod kiocb;
pub(in crate::bpf) mod origin;
pub(in crate::bpf) mod owner;
pub(in crate::bpf) mod path;
pub(in crate::bpf) mod rejected;
pub(in crate::bpf) mod stacks;
pub(in crate::bpf) mod superblocks;
pub(in crate::bpf) mod target;
