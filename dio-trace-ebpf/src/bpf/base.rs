//! Tools that know nothing of requests: constants, pointers, words, tables.

pub(in crate::bpf) mod globals;
pub(in crate::bpf) mod kind;
pub(in crate::bpf) mod map;
pub(in crate::bpf) mod pointer;
pub(in crate::bpf) mod table;
