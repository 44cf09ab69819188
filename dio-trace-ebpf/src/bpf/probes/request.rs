//! `read_iter` and `write_iter` of filesystems and block devices:
//! `(struct kiocb *, struct iov_iter *)`.

use aya_ebpf::{
    macros::{fentry, fexit, kprobe, kretprobe},
    programs::{FEntryContext, FExitContext, ProbeContext, RetProbeContext},
};
use dio_trace_ebpf::abi::request::level;

use crate::bpf::{
    base::{
        kind::{Fentry, Kprobe, OldKprobe},
        pointer::KernelPtr,
    },
    facts::iovec,
    request::{begin, leave},
    tables::threads,
};

#[fentry]
fn request_entry(ctx: FEntryContext) -> i32 {
    let (kiocb, iter) = (KernelPtr::new(ctx.arg(0)), KernelPtr::new(ctx.arg(1)));
    begin::enter_file::<_, Fentry>(&ctx, kiocb, iter);
    0
}

#[fexit]
fn request_exit_2(ctx: FExitContext) -> i32 {
    leave::leave::<Fentry>(KernelPtr::new(ctx.arg(0)), level::FILE, ctx.arg(2));
    0
}

/// Declares a kprobe of one kind.
macro_rules! entry_kprobe {
    ($name:ident, $kind:ty) => {
        #[kprobe]
        fn $name(ctx: ProbeContext) -> u32 {
            if let (Some(kiocb), Some(iter)) = (ctx.arg(0), ctx.arg(1)) {
                let (kiocb, iter) = (KernelPtr::new(kiocb), KernelPtr::new(iter));
                begin::enter_file::<_, $kind>(&ctx, kiocb, iter);
                iovec::go_on::<$kind, _>(&ctx);
            }
            0
        }
    };
}

entry_kprobe!(request_entry_kprobe, Kprobe);
entry_kprobe!(request_entry_kprobe_bounded, OldKprobe);

/// Continues with the segments that an entry program did not get to. It is only tail-called.
#[kprobe]
fn walk_segments_kprobe(ctx: ProbeContext) -> u32 {
    iovec::resume(&ctx);
    0
}

exit_kretprobe!(request_exit_kretprobe, level::FILE, Kprobe);
exit_kretprobe!(request_exit_kretprobe_bounded, level::FILE, OldKprobe);
