//! Following a process and its descendants, for traces of one command.

use aya_ebpf::{
    macros::{btf_tracepoint, raw_tracepoint},
    programs::{BtfTracePointContext, RawTracePointContext},
};

use crate::bpf::{
    base::{globals::layout, pointer::Kernel},
    tables::maps::TRACED_PROCESSES,
};

/// `sched_process_fork(parent, child)`.
#[inline(always)]
fn forked<const TRACING: bool>(parent: Kernel<TRACING>, child: Kernel<TRACING>) {
    let parent = parent.read::<u32>(layout!(task_struct_tgid));
    if TRACED_PROCESSES.get_ptr(parent).is_some() {
        let child = child.read::<u32>(layout!(task_struct_tgid));
        let _ = TRACED_PROCESSES.insert(child, 1, 0);
    }
}

#[btf_tracepoint]
fn process_fork(ctx: BtfTracePointContext) -> i32 {
    forked(Kernel::<true>(ctx.arg(0)), Kernel(ctx.arg(1)));
    0
}

#[raw_tracepoint]
fn process_fork_raw(ctx: RawTracePointContext) -> i32 {
    forked(Kernel::<false>(ctx.arg(0)), Kernel(ctx.arg(1)));
    0
}
