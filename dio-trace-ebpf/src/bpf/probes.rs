//! The programs themselves: each takes the arguments its kind of hook gives and hands them on.
//! What is attached where is userspace's attach plan.

/// Declares the kretprobe that ends the requests of a [`level`](dio_trace_ebpf::abi::request::level),
/// for kernels with `bpf_loop` or without.
macro_rules! exit_kretprobe {
    ($name:ident, $level:expr, $kind:ty) => {
        #[kretprobe]
        fn $name(ctx: RetProbeContext) -> u32 {
            if let Some(kiocb) = threads::current() {
                leave::leave::<$kind>(KernelPtr::at(kiocb), $level, ctx.ret());
            }
            0
        }
    };
}

mod bio;
mod completion;
mod engine;
mod inside;
mod process;
mod request;
mod shared;
mod superblock;
