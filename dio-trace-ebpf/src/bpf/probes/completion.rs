//! `ki_complete` functions, `(struct kiocb *, long result)`: they get the result of an asynchronous
//! request, in any context.

use aya_ebpf::{
    macros::{fentry, kprobe},
    programs::{FEntryContext, ProbeContext},
};

use crate::bpf::{
    base::{
        kind::{Fentry, Kprobe, OldKprobe},
        pointer::KernelPtr,
    },
    request::leave,
};

#[fentry]
fn completion(ctx: FEntryContext) -> i32 {
    leave::complete::<Fentry>(KernelPtr::new(ctx.arg(0)), ctx.arg(1));
    0
}

/// Declares a kprobe of one kind.
macro_rules! completion_kprobe {
    ($name:ident, $kind:ty) => {
        #[kprobe]
        fn $name(ctx: ProbeContext) -> u32 {
            if let (Some(kiocb), Some(result)) = (ctx.arg(0), ctx.arg(1)) {
                leave::complete::<$kind>(KernelPtr::new(kiocb), result);
            }
            0
        }
    };
}

completion_kprobe!(completion_kprobe, Kprobe);
completion_kprobe!(completion_kprobe_bounded, OldKprobe);
