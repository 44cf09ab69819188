//! Functions inside a request that another probe owns, and that add to it: engines of raw devices, of NFS
//! and FUSE, of filesystems that complete their requests themselves; the way from an engine to the page
//! cache or to another filesystem.

use aya_ebpf::{
    macros::{fentry, fexit, kprobe, kretprobe},
    programs::{FEntryContext, FExitContext, ProbeContext, RetProbeContext},
};
use dio_trace_ebpf::words::Engine;

use crate::bpf::{
    base::{
        globals::layout,
        pointer::{Access, ByHelper, ByLoad, KernelPtr},
    },
    probes::engine::DIO_FLAGS,
    request::engine,
    tables::threads,
};

/// `blkdev_direct_IO`, which is called by `blkdev_read_iter` and `blkdev_write_iter` alone.
#[fentry]
fn blkdev_entry(ctx: FEntryContext) -> i32 {
    engine::enter_inside(KernelPtr::<ByLoad>::new(ctx.arg(0)), Engine::Block);
    0
}

#[kprobe]
fn blkdev_entry_kprobe(ctx: ProbeContext) -> u32 {
    if let Some(kiocb) = ctx.arg(0) {
        engine::enter_inside(KernelPtr::<ByHelper>::new(kiocb), Engine::Block);
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
    let kiocb = KernelPtr::<ByLoad>::new(ctx.arg(0));
    engine::enter_inner(kiocb, Engine::Iomap, ctx.arg(DIO_FLAGS));
    0
}

#[kprobe]
fn iomap_inner_entry_kprobe(ctx: ProbeContext) -> u32 {
    if let (Some(kiocb), Some(flags)) = (ctx.arg(0), ctx.arg(DIO_FLAGS)) {
        engine::enter_inner(KernelPtr::<ByHelper>::new(kiocb), Engine::Iomap, flags);
    }
    0
}

/// `iomap_dio_complete`: the bytes done for a filesystem that calls `__iomap_dio_rw` itself.
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
/// unsigned flags)`, by which `iomap_dio_complete` reports to the filesystem.
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

/// An engine of a server, which runs inside a request of its filesystem. FUSE sends buffered requests
/// this way too if the server asked for it (from 7.3); they have no row.
#[fentry]
fn server_entry(ctx: FEntryContext) -> i32 {
    engine::enter_inside(KernelPtr::<ByLoad>::new(ctx.arg(0)), Engine::Server);
    0
}

#[kprobe]
fn server_entry_kprobe(ctx: ProbeContext) -> u32 {
    if let Some(kiocb) = ctx.arg(0) {
        engine::enter_inside(KernelPtr::<ByHelper>::new(kiocb), Engine::Server);
    }
    0
}

/// `fuse_direct_io`: `(struct fuse_io_priv *, struct iov_iter *, loff_t *, int)`, which all direct I/O of
/// FUSE passes, and all I/O of a file that was opened with `FOPEN_DIRECT_IO`.
#[fentry]
fn server_inner_entry(_ctx: FEntryContext) -> i32 {
    engine::enter_server();
    0
}

#[kprobe]
fn server_inner_entry_kprobe(_ctx: ProbeContext) -> u32 {
    engine::enter_server();
    0
}

#[fexit]
fn server_inner_exit_4(ctx: FExitContext) -> i32 {
    if let Some(kiocb) = threads::current() {
        engine::leave_inside(kiocb, ctx.arg(4));
    }
    0
}

/// `fuse_passthrough_read_iter`, `fuse_passthrough_write_iter`: `(struct kiocb *, struct iov_iter *)`.
#[fentry]
fn passed_on(ctx: FEntryContext) -> i32 {
    engine::passed_on(ctx.arg(0));
    0
}

#[kprobe]
fn passed_on_kprobe(ctx: ProbeContext) -> u32 {
    if let Some(kiocb) = ctx.arg(0) {
        engine::passed_on(kiocb);
    }
    0
}

/// `direct_write_fallback`: `(struct kiocb *, struct iov_iter *, ssize_t direct_written, ssize_t
/// buffered_written)`, after the page cache took what was left of a direct write.
#[fentry]
fn fallback(ctx: FEntryContext) -> i32 {
    engine::fell_back(ctx.arg(0), ctx.arg(2));
    0
}

#[kprobe]
fn fallback_kprobe(ctx: ProbeContext) -> u32 {
    if let (Some(kiocb), Some(direct)) = (ctx.arg(0), ctx.arg(2)) {
        engine::fell_back(kiocb, direct);
    }
    0
}
