//! The programs themselves: each takes the arguments that its kind of hook gives and passes them on.
//! Userspace's attach plan says what is attached where.

/// Declares the kretprobe that ends the requests of a [`level`](dio_trace_ebpf::abi::request::level),
/// of one kind.
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
