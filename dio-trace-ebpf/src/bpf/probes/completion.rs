//! `ki_complete` functions, `(struct kiocb *, long result)`: where the result of an asynchronous
//! request is told, in whatever context.

use aya_ebpf::{
    macros::{fentry, kprobe},
    programs::{FEntryContext, ProbeContext},
};

use crate::bpf::{in_flight, memory::Kernel};

#[fentry]
fn completion(ctx: FEntryContext) -> i32 {
    in_flight::complete(Kernel::<true>(ctx.arg(0)), ctx.arg(1));
    0
}

#[kprobe]
fn completion_kprobe(ctx: ProbeContext) -> u32 {
    if let (Some(kiocb), Some(result)) = (ctx.arg(0), ctx.arg(1)) {
        in_flight::complete(Kernel::<false>(kiocb), result);
    }
    0
}
