//! The maps, and what is kept in them.

pub(in crate::bpf) mod events;
pub(in crate::bpf) mod losses;
pub(in crate::bpf) mod maps;
pub(in crate::bpf) mod requests;
pub(in crate::bpf) mod threads;
pub(in crate::bpf) mod values;
pub(in crate::bpf) mod wake;
