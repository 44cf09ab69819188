//! A request from its beginning to its end, whatever the kernel does inside.

pub(in crate::bpf) mod begin;
pub(in crate::bpf) mod engine;
pub(in crate::bpf) mod leave;
pub(in crate::bpf) mod pairs;
pub(in crate::bpf) mod retry;
