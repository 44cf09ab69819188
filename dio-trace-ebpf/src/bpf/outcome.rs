//! The end of a request: a verdict, and a count or an event for userspace.

pub(in crate::bpf) mod count;
pub(in crate::bpf) mod finish;
pub(in crate::bpf) mod send;
pub(in crate::bpf) mod verdict;
