//! The direct I/O engines: `iomap_dio_rw`, `__iomap_dio_rw`, `__iomap_dio_read_simple`,
//! `blkdev_direct_IO`, `__blockdev_direct_IO`, and those of NFS and FUSE. Only direct I/O passes
//! here, save with FUSE, whose server may ask that all I/O go this way.
//!
//! The return value of a function lies behind its arguments, whose number differs from kernel to
//! kernel: there is one exit program for each number.

use aya_ebpf::{
    macros::{fentry, fexit, kprobe, kretprobe},
    programs::{FEntryContext, FExitContext, ProbeContext, RetProbeContext},
};
use dio_trace_ebpf::{abi::request::level, rules::Route};

use crate::bpf::{
    base::{
        globals::layout,
        kind::{Fentry, Kprobe, OldKprobe},
        pointer::{Access, ByHelper, ByLoad, KernelPtr},
    },
    facts::iovec,
    request::{begin, engine, leave},
    tables::threads,
};

/// Declares the entry programs of one engine: its `struct kiocb` comes first, its `iov_iter` as
/// `iter`. Of the kprobes one is for kernels without `bpf_loop`.
macro_rules! engine {
    ($route:expr, iter = $iter:literal, $fentry:ident, $kprobe:ident, $bounded:ident) => {
        #[fentry]
        fn $fentry(ctx: FEntryContext) -> i32 {
            let (kiocb, iter) = (KernelPtr::new(ctx.arg(0)), KernelPtr::new(ctx.arg($iter)));
            begin::enter_engine::<_, Fentry>(&ctx, kiocb, iter, $route, 0);
            0
        }

        engine!(@kprobe $kprobe, $route, $iter, None, Kprobe);
        engine!(@kprobe $bounded, $route, $iter, None, OldKprobe);
    };
    (@kprobe $name:ident, $route:expr, $iter:literal, $flags:expr, $kind:ty) => {
        #[kprobe]
        fn $name(ctx: ProbeContext) -> u32 {
            let flags: Option<usize> = $flags;
            let flags = flags.and_then(|argument| ctx.arg::<u32>(argument)).unwrap_or(0);
            if let (Some(kiocb), Some(iter)) = (ctx.arg(0), ctx.arg($iter)) {
                let (kiocb, iter) = (KernelPtr::new(kiocb), KernelPtr::new(iter));
                begin::enter_engine::<_, $kind>(&ctx, kiocb, iter, $route, flags);
                iovec::go_on::<$kind, _>(&ctx);
            }
            0
        }
    };
}

engine!(
    Route::Legacy,
    iter = 3,
    legacy_entry,
    legacy_entry_kprobe,
    legacy_entry_kprobe_bounded
);
// Functions of the iomap family that take no flags.
engine!(
    Route::Iomap,
    iter = 1,
    iomap_simple_entry,
    iomap_simple_entry_kprobe,
    iomap_simple_entry_kprobe_bounded
);

engine!(
    Route::Server,
    iter = 1,
    server_entry,
    server_entry_kprobe,
    server_entry_kprobe_bounded
);

/// Argument of `iomap_dio_rw` that holds its flags.
const DIO_FLAGS: usize = 4;

#[fentry]
fn iomap_entry(ctx: FEntryContext) -> i32 {
    let (kiocb, iter) = (KernelPtr::new(ctx.arg(0)), KernelPtr::new(ctx.arg(1)));
    let flags = ctx.arg(DIO_FLAGS);
    begin::enter_engine::<_, Fentry>(&ctx, kiocb, iter, Route::Iomap, flags);
    0
}

engine!(@kprobe iomap_entry_kprobe, Route::Iomap, 1, Some(DIO_FLAGS), Kprobe);
engine!(@kprobe iomap_entry_kprobe_bounded, Route::Iomap, 1, Some(DIO_FLAGS), OldKprobe);

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

/// `blkdev_direct_IO`, which is called by `blkdev_read_iter` and `blkdev_write_iter` alone.
#[fentry]
fn blkdev_entry(ctx: FEntryContext) -> i32 {
    engine::enter_inside(KernelPtr::<ByLoad>::new(ctx.arg(0)), Route::BlockDevice);
    0
}

#[kprobe]
fn blkdev_entry_kprobe(ctx: ProbeContext) -> u32 {
    if let Some(kiocb) = ctx.arg(0) {
        engine::enter_inside(KernelPtr::<ByHelper>::new(kiocb), Route::BlockDevice);
    }
    0
}

#[fexit]
fn blkdev_exit_2(ctx: FExitContext) -> i32 {
    engine::leave_inside(ctx.arg(0), ctx.arg(2));
    0
}

#[kretprobe]
fn blkdev_exit_kretprobe(ctx: RetProbeContext) -> u32 {
    if let Some(kiocb) = threads::current() {
        engine::leave_inside(kiocb, ctx.ret());
    }
    0
}

/// `__iomap_dio_rw`: filesystems that call it complete the request themselves, so there is no exit.
#[fentry]
fn iomap_inner_entry(ctx: FEntryContext) -> i32 {
    engine::enter_inner(KernelPtr::<ByLoad>::new(ctx.arg(0)), Route::Iomap);
    0
}

#[kprobe]
fn iomap_inner_entry_kprobe(ctx: ProbeContext) -> u32 {
    if let Some(kiocb) = ctx.arg(0) {
        engine::enter_inner(KernelPtr::<ByHelper>::new(kiocb), Route::Iomap);
    }
    0
}

/// `iomap_dio_complete`: what a filesystem that calls `__iomap_dio_rw` itself got done.
#[inline(always)]
fn iomap_done<A: Access>(dio: KernelPtr<A>) {
    if dio.read::<i32>(layout!(iomap_dio_error)) == 0 {
        let kiocb = dio.read::<u64>(layout!(iomap_dio_iocb));
        engine::engine_done(kiocb, dio.read::<u64>(layout!(iomap_dio_size)));
    }
}

#[fentry]
fn iomap_complete(ctx: FEntryContext) -> i32 {
    iomap_done(KernelPtr::<ByLoad>::new(ctx.arg(0)));
    0
}

#[kprobe]
fn iomap_complete_kprobe(ctx: ProbeContext) -> u32 {
    if let Some(dio) = ctx.arg(0) {
        iomap_done(KernelPtr::<ByHelper>::new(dio));
    }
    0
}

/// `f2fs_dio_read_end_io`, `f2fs_dio_write_end_io`: `(struct kiocb *, ssize_t size, int error,
/// unsigned flags)`, what `iomap_dio_complete` tells the filesystem.
#[fentry]
fn iomap_end(ctx: FEntryContext) -> i32 {
    engine::engine_ended(KernelPtr::<ByLoad>::new(ctx.arg(0)), ctx.arg(1), ctx.arg(2));
    0
}

#[kprobe]
fn iomap_end_kprobe(ctx: ProbeContext) -> u32 {
    if let (Some(kiocb), Some(size), Some(error)) = (ctx.arg(0), ctx.arg(1), ctx.arg(2)) {
        engine::engine_ended(KernelPtr::<ByHelper>::new(kiocb), size, error);
    }
    0
}

/// `btrfs_dio_submit_io`, `btrfs_submit_direct`: `(const struct iomap_iter *, struct bio *, loff_t)`,
/// what iomap passes each bio of a direct request on to.
#[fentry]
fn btrfs_submit(ctx: FEntryContext) -> i32 {
    engine::submitted(KernelPtr::<ByLoad>::new(ctx.arg(1)), ctx.arg(2));
    0
}

#[kprobe]
fn btrfs_submit_kprobe(ctx: ProbeContext) -> u32 {
    if let (Some(bio), Some(offset)) = (ctx.arg(1), ctx.arg(2)) {
        engine::submitted(KernelPtr::<ByHelper>::new(bio), offset);
    }
    0
}
