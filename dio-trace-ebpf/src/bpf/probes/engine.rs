//! The direct I/O engines at which a request may be seen to begin: `iomap_dio_rw`,
//! `__iomap_dio_read_simple`, `__blockdev_direct_IO` and `dax_iomap_rw`. Only direct I/O passes here,
//! but for the last.
//!
//! The return value of a function lies after its arguments, whose number differs from kernel to
//! kernel: there is one exit program for each number.

use aya_ebpf::{
    macros::{fentry, fexit, kprobe, kretprobe},
    programs::{FEntryContext, FExitContext, ProbeContext, RetProbeContext},
};
use dio_trace_ebpf::{abi::request::level, words::Engine};

use crate::bpf::{
    base::{
        kind::{Fentry, Kprobe, OldKprobe},
        pointer::KernelPtr,
    },
    facts::{iovec, kiocb::is_direct},
    request::{begin, leave},
    tables::threads,
};

/// Declares the entry programs of one engine: its `struct kiocb` comes first, its `iov_iter` as
/// `iter`. Of the kprobes one is for kernels without `bpf_loop`.
macro_rules! engine {
    ($engine:expr, iter = $iter:literal, $fentry:ident, $kprobe:ident, $bounded:ident) => {
        #[fentry]
        fn $fentry(ctx: FEntryContext) -> i32 {
            let (kiocb, iter) = (KernelPtr::new(ctx.arg(0)), KernelPtr::new(ctx.arg($iter)));
            begin::enter_engine::<_, Fentry>(&ctx, kiocb, iter, $engine, 0);
            0
        }

        engine!(@kprobe $kprobe, $engine, $iter, None, Kprobe);
        engine!(@kprobe $bounded, $engine, $iter, None, OldKprobe);
    };
    (@kprobe $name:ident, $engine:expr, $iter:literal, $flags:expr, $kind:ty) => {
        #[kprobe]
        fn $name(ctx: ProbeContext) -> u32 {
            let flags: Option<usize> = $flags;
            let flags = flags.and_then(|argument| ctx.arg::<u32>(argument)).unwrap_or(0);
            if let (Some(kiocb), Some(iter)) = (ctx.arg(0), ctx.arg($iter)) {
                let (kiocb, iter) = (KernelPtr::new(kiocb), KernelPtr::new(iter));
                begin::enter_engine::<_, $kind>(&ctx, kiocb, iter, $engine, flags);
                iovec::go_on::<$kind, _>(&ctx);
            }
            0
        }
    };
}

engine!(
    Engine::Legacy,
    iter = 3,
    legacy_entry,
    legacy_entry_kprobe,
    legacy_entry_kprobe_bounded
);
// Functions of the iomap family that take no flags.
engine!(
    Engine::Iomap,
    iter = 1,
    iomap_simple_entry,
    iomap_simple_entry_kprobe,
    iomap_simple_entry_kprobe_bounded
);

/// `dax_iomap_rw`: `(struct kiocb *, struct iov_iter *, const struct iomap_ops *)`, all I/O of a file on a
/// DAX device, whether its descriptor has `O_DIRECT` or not.
#[fentry]
fn dax_entry(ctx: FEntryContext) -> i32 {
    let (kiocb, iter) = (KernelPtr::new(ctx.arg(0)), KernelPtr::new(ctx.arg(1)));
    if is_direct(kiocb) {
        begin::enter_engine::<_, Fentry>(&ctx, kiocb, iter, Engine::Own, 0);
    }
    0
}

/// Declares a kprobe there, for kernels with `bpf_loop` or without.
macro_rules! dax_kprobe {
    ($name:ident, $kind:ty) => {
        #[kprobe]
        fn $name(ctx: ProbeContext) -> u32 {
            if let (Some(kiocb), Some(iter)) = (ctx.arg(0), ctx.arg(1)) {
                let (kiocb, iter) = (KernelPtr::new(kiocb), KernelPtr::new(iter));
                if is_direct(kiocb) {
                    begin::enter_engine::<_, $kind>(&ctx, kiocb, iter, Engine::Own, 0);
                }
                iovec::go_on::<$kind, _>(&ctx);
            }
            0
        }
    };
}

dax_kprobe!(dax_entry_kprobe, Kprobe);
dax_kprobe!(dax_entry_kprobe_bounded, OldKprobe);

/// Argument of `iomap_dio_rw` that holds its flags.
pub(in crate::bpf::probes) const DIO_FLAGS: usize = 4;

#[fentry]
fn iomap_entry(ctx: FEntryContext) -> i32 {
    let (kiocb, iter) = (KernelPtr::new(ctx.arg(0)), KernelPtr::new(ctx.arg(1)));
    let flags = ctx.arg(DIO_FLAGS);
    begin::enter_engine::<_, Fentry>(&ctx, kiocb, iter, Engine::Iomap, flags);
    0
}

engine!(@kprobe iomap_entry_kprobe, Engine::Iomap, 1, Some(DIO_FLAGS), Kprobe);
engine!(@kprobe iomap_entry_kprobe_bounded, Engine::Iomap, 1, Some(DIO_FLAGS), OldKprobe);

/// Declares the exit program for an engine with this many arguments.
macro_rules! exit {
    ($name:ident, $arguments:literal) => {
        #[fexit]
        fn $name(ctx: FExitContext) -> i32 {
            let (kiocb, result) = (KernelPtr::new(ctx.arg(0)), ctx.arg($arguments));
            leave::leave::<Fentry>(kiocb, level::ENGINE, result);
            0
        }
    };
}

exit!(engine_exit_2, 2);
exit!(engine_exit_3, 3);
exit!(engine_exit_5, 5);
exit!(engine_exit_6, 6);
exit!(engine_exit_7, 7);

exit_kretprobe!(engine_exit_kretprobe, level::ENGINE, Kprobe);
exit_kretprobe!(engine_exit_kretprobe_bounded, level::ENGINE, OldKprobe);
