//! The kinds of program that share the code of the probes, and what each may do.

use crate::bpf::base::pointer::{Access, ByHelper, ByLoad};

/// A kind of program. Whatever differs between kinds is defined here.
pub(in crate::bpf) trait ProgramKind {
    /// How it reads the kernel's memory.
    type Access: Access;
    /// Whether the kernel's types (BTF) describe its arguments. Such a program knows its request at the
    /// return of a function as well, may be attached twice
    /// ([`Settings::pairs`](dio_trace_ebpf::abi::settings::Settings::pairs)), and is loaded by
    /// dio-trace itself, which removes what this kernel would refuse.
    const BTF: bool;
    /// Whether it is for kernels before 5.17: no `bpf_loop`, and none of the instructions that take a
    /// slot (`BPF_CMPXCHG`).
    const OLD: bool;
}

/// `fentry`, `fexit` and `tp_btf`.
pub(in crate::bpf) enum Fentry {}

impl ProgramKind for Fentry {
    type Access = ByLoad;
    const BTF: bool = true;
    const OLD: bool = false;
}

/// Kprobes, kretprobes and raw tracepoints.
pub(in crate::bpf) enum Kprobe {}

impl ProgramKind for Kprobe {
    type Access = ByHelper;
    const BTF: bool = false;
    const OLD: bool = false;
}

/// Kprobes and kretprobes for kernels before 5.17.
pub(in crate::bpf) enum OldKprobe {}

impl ProgramKind for OldKprobe {
    type Access = ByHelper;
    const BTF: bool = false;
    const OLD: bool = true;
}
