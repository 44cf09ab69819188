//! Abilities that differ from kernel to kernel, each asked of the kernel's own type information.

use crate::kernel::machine::{btf::KernelTypes, preemption};

/// `bpf_loop` (5.17) is among the helpers that the kernel's BTF lists.
pub(in crate::kernel) fn has_loop(types: &KernelTypes) -> bool {
    types.enumerator("BPF_FUNC_loop").is_some()
}

/// Whether this kernel skips a tracing program that is at work on the same CPU already, which it
/// counts in `bpf_prog_info.recursion_misses` (from 5.12).
pub(in crate::kernel) fn skips_running_programs(types: &KernelTypes) -> bool {
    types
        .member_offset("bpf_prog_info", "recursion_misses")
        .is_some()
}

/// Whether it skips programs for having been preempted.
pub(in crate::kernel) fn skips_preempted_programs(types: &KernelTypes) -> bool {
    skips_running_programs(types) && preemption::is_possible()
}

/// Whether this kernel gives a program with a large stack one for each CPU (from 6.13). Where it has what
/// came later it does, whatever it calls that.
pub(in crate::kernel) fn has_private_stacks(types: &KernelTypes) -> bool {
    let member = types.member_offset("bpf_prog_aux", "priv_stack_ptr");
    member.is_some() || types.function("bpf_local_irq_save").is_some()
}
