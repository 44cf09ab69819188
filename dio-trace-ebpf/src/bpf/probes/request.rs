//! `read_iter` and `write_iter` of filesystems and block devices:
//! `(struct kiocb *, struct iov_iter *)`.

use aya_ebpf::{
    macros::{fentry, fexit, kprobe, kretprobe},
    programs::{FEntryContext, FExitContext, ProbeContext, RetProbeContext},
};
use dio_trace_ebpf::abi::request::level;

use crate::bpf::{
    base::pointer::Kernel,
    facts::iovec,
    request::{begin, leave},
    tables::threads,
};

#[fentry]
fn request_entry(ctx: FEntryContext) -> i32 {
    let (kiocb, iter) = (Kernel::<true>(ctx.arg(0)), Kernel(ctx.arg(1)));
    begin::enter_file::<_, true, false>(&ctx, kiocb, iter);
    0
}

#[fexit]
fn request_exit_2(ctx: FExitContext) -> i32 {
    leave::leave::<true, false>(Kernel(ctx.arg(0)), level::FILE, ctx.arg(2));
    0
}

/// Declares a kprobe, for kernels with `bpf_loop` or without.
macro_rules! entry_kprobe {
    ($name:ident, bounded = $bounded:literal) => {
        #[kprobe]
        fn $name(ctx: ProbeContext) -> u32 {
            if let (Some(kiocb), Some(iter)) = (ctx.arg(0), ctx.arg(1)) {
                let (kiocb, iter) = (Kernel(kiocb), Kernel(iter));
                begin::enter_file::<_, false, $bounded>(&ctx, kiocb, iter);
                if $bounded {
                    iovec::go_on(&ctx);
                }
            }
            0
        }
    };
}

entry_kprobe!(request_entry_kprobe, bounded = false);
entry_kprobe!(request_entry_kprobe_bounded, bounded = true);

/// Goes on with the segments that an entry program did not get to; it is only ever tail-called.
#[kprobe]
fn walk_segments_kprobe(ctx: ProbeContext) -> u32 {
    iovec::resume(&ctx);
    0
}

exit_kretprobe!(request_exit_kretprobe, level::FILE, bounded = false);
exit_kretprobe!(request_exit_kretprobe_bounded, level::FILE, bounded = true);
