//! Following a process and its descendants, for traces of one command.

use aya_ebpf::{
    macros::{btf_tracepoint, raw_tracepoint},
    programs::{BtfTracePointContext, RawTracePointContext},
};

use crate::bpf::{
    base::{
        globals::layout,
        map::Values,
        pointer::{Access, ByHelper, ByLoad, KernelPtr},
    },
    tables::maps::TRACED_PROCESSES,
};

/// `sched_process_fork(parent, child)`.
#[inline(always)]
fn forked<A: Access>(parent: KernelPtr<A>, child: KernelPtr<A>) {
    let parent = parent.read::<u32>(layout!(task_struct_tgid));
    if TRACED_PROCESSES.value(&parent).is_some() {
        let child = child.read::<u32>(layout!(task_struct_tgid));
        let _ = TRACED_PROCESSES.insert(child, 1, 0);
    }
}

#[btf_tracepoint]
fn process_fork(ctx: BtfTracePointContext) -> i32 {
    forked(
        KernelPtr::<ByLoad>::new(ctx.arg(0)),
        KernelPtr::new(ctx.arg(1)),
    );
    0
}

#[raw_tracepoint]
fn process_fork_raw(ctx: RawTracePointContext) -> i32 {
    forked(
        KernelPtr::<ByHelper>::new(ctx.arg(0)),
        KernelPtr::new(ctx.arg(1)),
    );
    0
}
