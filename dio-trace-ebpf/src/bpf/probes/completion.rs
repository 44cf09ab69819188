//! `ki_complete` functions, `(struct kiocb *, long result)`: where the result of an asynchronous
//! request is told, in whatever context.

use aya_ebpf::{
    macros::{fentry, kprobe},
    programs::{FEntryContext, ProbeContext},
};

use crate::bpf::{base::pointer::Kernel, request::leave};

#[fentry]
fn completion(ctx: FEntryContext) -> i32 {
    leave::complete::<true, false>(Kernel(ctx.arg(0)), ctx.arg(1));
    0
}

/// Declares a kprobe, for kernels with `bpf_loop` or without.
macro_rules! completion_kprobe {
    ($name:ident, bounded = $bounded:literal) => {
        #[kprobe]
        fn $name(ctx: ProbeContext) -> u32 {
            if let (Some(kiocb), Some(result)) = (ctx.arg(0), ctx.arg(1)) {
                leave::complete::<false, $bounded>(Kernel(kiocb), result);
            }
            0
        }
    };
}

completion_kprobe!(completion_kprobe, bounded = false);
completion_kprobe!(completion_kprobe_bounded, bounded = true);
