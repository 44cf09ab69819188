//! The direct I/O engines: `iomap_dio_rw`, `__iomap_dio_rw`, `__iomap_dio_read_simple`,
//! `blkdev_direct_IO`, `__blockdev_direct_IO`. Only direct I/O passes here.
//!
//! The return value of a function lies behind its arguments, whose number differs from kernel to
//! kernel: there is one exit program for each number.

use aya_ebpf::{
    macros::{fentry, fexit, kprobe, kretprobe},
    programs::{FEntryContext, FExitContext, ProbeContext, RetProbeContext},
};
use dio_trace_ebpf::{abi::request::level, rules::Route};

use crate::bpf::{globals::layout, in_flight, memory::Kernel};

/// Declares the entry programs of one engine.
macro_rules! engine {
    ($fentry:ident, $kprobe:ident, $route:expr, iter = $iter:literal) => {
        #[fentry]
        fn $fentry(ctx: FEntryContext) -> i32 {
            let (kiocb, iter) = (Kernel::<true>(ctx.arg(0)), Kernel(ctx.arg($iter)));
            in_flight::enter_engine(&ctx, kiocb, iter, $route, 0);
            0
        }

        #[kprobe]
        fn $kprobe(ctx: ProbeContext) -> u32 {
            if let (Some(kiocb), Some(iter)) = (ctx.arg(0), ctx.arg($iter)) {
                in_flight::enter_engine(&ctx, Kernel::<false>(kiocb), Kernel(iter), $route, 0);
            }
            0
        }
    };
}

engine!(
    blkdev_entry,
    blkdev_entry_kprobe,
    Route::BlockDevice,
    iter = 1
);
engine!(legacy_entry, legacy_entry_kprobe, Route::Legacy, iter = 3);
// Functions of the iomap family that take no flags.
engine!(
    iomap_simple_entry,
    iomap_simple_entry_kprobe,
    Route::Iomap,
    iter = 1
);

#[fentry]
fn iomap_entry(ctx: FEntryContext) -> i32 {
    let (kiocb, iter) = (Kernel::<true>(ctx.arg(0)), Kernel(ctx.arg(1)));
    in_flight::enter_engine(&ctx, kiocb, iter, Route::Iomap, ctx.arg(4));
    0
}

#[kprobe]
fn iomap_entry_kprobe(ctx: ProbeContext) -> u32 {
    if let (Some(kiocb), Some(iter), Some(flags)) = (ctx.arg(0), ctx.arg(1), ctx.arg::<u32>(4)) {
        in_flight::enter_engine(
            &ctx,
            Kernel::<false>(kiocb),
            Kernel(iter),
            Route::Iomap,
            flags,
        );
    }
    0
}

/// Declares the exit program for an engine with this many arguments.
macro_rules! exit {
    ($name:ident, $arguments:literal) => {
        #[fexit]
        fn $name(ctx: FExitContext) -> i32 {
            in_flight::leave(
                Kernel::<true>(ctx.arg(0)),
                level::ENGINE,
                ctx.arg($arguments),
            );
            0
        }
    };
}

exit!(engine_exit_2, 2);
exit!(engine_exit_3, 3);
exit!(engine_exit_5, 5);
exit!(engine_exit_6, 6);
exit!(engine_exit_7, 7);

#[kretprobe]
fn engine_exit_kretprobe(ctx: RetProbeContext) -> u32 {
    if let Some(kiocb) = in_flight::current() {
        in_flight::leave(
            Kernel::<false>(kiocb as *const u8),
            level::ENGINE,
            ctx.ret(),
        );
    }
    0
}

/// `__iomap_dio_rw`: filesystems that call it complete the request themselves, so there is no exit.
#[fentry]
fn iomap_inner_entry(ctx: FEntryContext) -> i32 {
    in_flight::enter_inner(Kernel::<true>(ctx.arg(0)), Route::Iomap);
    0
}

#[kprobe]
fn iomap_inner_entry_kprobe(ctx: ProbeContext) -> u32 {
    if let Some(kiocb) = ctx.arg(0) {
        in_flight::enter_inner(Kernel::<false>(kiocb), Route::Iomap);
    }
    0
}

/// `iomap_dio_complete`: what a filesystem that calls `__iomap_dio_rw` itself got done.
#[inline(always)]
fn iomap_done<const TRACING: bool>(dio: Kernel<TRACING>) {
    if dio.read::<i32>(layout!(iomap_dio_error)) == 0 {
        let kiocb = dio.read::<u64>(layout!(iomap_dio_iocb));
        in_flight::engine_done(kiocb, dio.read::<u64>(layout!(iomap_dio_size)));
    }
}

#[fentry]
fn iomap_complete(ctx: FEntryContext) -> i32 {
    iomap_done(Kernel::<true>(ctx.arg(0)));
    0
}

#[kprobe]
fn iomap_complete_kprobe(ctx: ProbeContext) -> u32 {
    if let Some(dio) = ctx.arg(0) {
        iomap_done(Kernel::<false>(dio));
    }
    0
}
