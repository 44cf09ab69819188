//! The one place that asks what this kernel can do that others cannot. Each answer comes from the
//! kernel's own types or files, never from its version: stable trees and vendors backport changes.
//!
//! | asked | upstream from | without it |
//! |---|---|---|
//! | [`modules_have_types`] | 5.11 | kprobes in modules |
//! | [`skips_running_programs`] | 5.12 | nothing is missed for that reason |
//! | [`skips_preempted_programs`] | 5.12 | the same |
//! | [`has_loop`] | 5.17 | few segments are walked, and hash maps take the place of slots |
//! | [`finds_symbols_by_name`] | 6.2 | `/proc/kallsyms` is read |
//! | [`has_private_stacks`] | 6.13 | programs may be shared as they are |
//! | [`PreemptionFunctions::of`] | 6.14 | preempted programs are skipped |
//! | [`flags_are_wait`] | up to 5.14 | `iomap_dio_rw` has flags in place of a boolean |
//! | [`has_types`] | any built with `CONFIG_DEBUG_INFO_BTF` | nothing can be traced |
//! | [`has_kprobes`] | any built with `CONFIG_KPROBE_EVENTS` | only fentry and tracepoints |

use std::path::Path;

use crate::kernel::machine::{btf::KernelTypes, preemption};

/// Whether the kernel has type information (`kernel/bpf/sysfs_btf.c`).
pub(in crate::kernel) fn has_types() -> bool {
    Path::new("/sys/kernel/btf/vmlinux").exists()
}

/// Whether the kernel has kprobes for tracers: their event source is registered exactly if it was
/// built with `CONFIG_KPROBE_EVENTS`.
pub(in crate::kernel) fn has_kprobes() -> bool {
    Path::new("/sys/bus/event_source/devices/kprobe").exists()
}

/// Whether modules describe their types too (`struct module`, from 5.11).
pub(in crate::kernel) fn modules_have_types(types: &KernelTypes) -> bool {
    types.member_offset("module", "btf_data").is_some()
}

/// Whether there is `bpf_loop` (from 5.17): the kernel's BTF lists all helpers.
pub(in crate::kernel) fn has_loop(types: &KernelTypes) -> bool {
    types.enumerator("BPF_FUNC_loop").is_some()
}

/// Whether this kernel skips a tracing program that is running on the same CPU already, which it
/// counts in `bpf_prog_info.recursion_misses` (from 5.12).
pub(in crate::kernel) fn skips_running_programs(types: &KernelTypes) -> bool {
    types
        .member_offset("bpf_prog_info", "recursion_misses")
        .is_some()
}

/// Whether it skips programs because another run was preempted.
pub(in crate::kernel) fn skips_preempted_programs(types: &KernelTypes) -> bool {
    skips_running_programs(types) && preemption::is_possible()
}

/// Whether this kernel gives a program with a large stack one for each CPU (`bpf_enable_priv_stack`,
/// from 6.13). Kernels with `bpf_local_irq_save`, which is later, have them too, even if the member
/// was renamed.
pub(in crate::kernel) fn has_private_stacks(types: &KernelTypes) -> bool {
    let member = types.member_offset("bpf_prog_aux", "priv_stack_ptr");
    member.is_some() || types.function("bpf_local_irq_save").is_some()
}

/// Whether the kernel has its symbols sorted by name, and so finds one quickly (from 6.2). This
/// function came together with that, for those who look for all symbols of one name.
pub(in crate::kernel) fn finds_symbols_by_name(types: &KernelTypes) -> bool {
    types.function("kallsyms_on_each_match_symbol").is_some()
}

/// Whether `iomap_dio_rw` takes a boolean, whether to wait, where later kernels have flags and one
/// argument more.
pub(in crate::kernel) fn flags_are_wait(types: &KernelTypes) -> bool {
    types
        .function("iomap_dio_rw")
        .is_some_and(|function| function.prototype.arguments < 6)
}

/// The kernel's functions by which a program keeps itself from being preempted (from 6.14), by their
/// ids in vmlinux' BTF.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct PreemptionFunctions {
    /// `bpf_preempt_disable` (from 6.10).
    pub(in crate::kernel) preempt_disable: u32,
    /// `bpf_preempt_enable` (from 6.10).
    pub(in crate::kernel) preempt_enable: u32,
    /// `bpf_local_irq_save` (from 6.14).
    pub(in crate::kernel) irq_save: u32,
    /// `bpf_local_irq_restore` (from 6.14).
    pub(in crate::kernel) irq_restore: u32,
}

impl PreemptionFunctions {
    /// `None` where this kernel lacks one.
    pub(in crate::kernel) fn of(types: &KernelTypes) -> Option<Self> {
        let id = |name| Some(types.function(name)?.id);
        Some(Self {
            preempt_disable: id("bpf_preempt_disable")?,
            preempt_enable: id("bpf_preempt_enable")?,
            irq_save: id("bpf_local_irq_save")?,
            irq_restore: id("bpf_local_irq_restore")?,
        })
    }
}
