//! Bios: how many a request makes, and how many are split, in the thread that submits it.

use aya_ebpf::{
    macros::{btf_tracepoint, raw_tracepoint},
    programs::{BtfTracePointContext, RawTracePointContext},
};

use crate::bpf::{
    globals::{has, layout},
    in_flight,
    memory::Kernel,
};

/// `block_bio_queue`: a bio enters the block layer.
#[inline(always)]
fn queued<const TRACING: bool>(bio: Kernel<TRACING>) {
    let Some(request) = in_flight::current_request() else {
        return;
    };
    // Not the filesystem's metadata, nor the clones that a stacked device makes of our bio. One of
    // registered buffers is marked as a clone too (`bio_iov_bvec_set`), but goes to our own device.
    let flags = bio.read::<u16>(layout!(bio_bi_flags));
    let clone = has!(bio_cloned) && flags & (1 << (layout!(bio_cloned) & 15)) != 0;
    let elsewhere = !has!(bio_bi_bdev)
        || bio
            .follow(layout!(bio_bi_bdev))
            .read::<u32>(layout!(block_device_bd_dev))
            != request.disk;
    let metadata = has!(req_meta_bit)
        && bio.read::<u32>(layout!(bio_bi_opf)) & (1 << (layout!(req_meta_bit) & 31)) != 0;
    if !(clone && elsewhere || metadata) {
        request.bios += 1;
    }
}

/// `block_split`: a bio is too large, or has a gap, for one request of its device.
#[inline(always)]
fn split() {
    if let Some(request) = in_flight::current_request() {
        request.splits += 1;
    }
}

/// Declares a tracepoint's programs where the bio is this argument: up to 5.10 the second.
macro_rules! bio_queue {
    ($btf:ident, $raw:ident, $argument:literal) => {
        #[btf_tracepoint]
        fn $btf(ctx: BtfTracePointContext) -> i32 {
            queued(Kernel::<true>(ctx.arg($argument)));
            0
        }

        #[raw_tracepoint]
        fn $raw(ctx: RawTracePointContext) -> i32 {
            queued(Kernel::<false>(ctx.arg($argument)));
            0
        }
    };
}

bio_queue!(bio_queue_0, bio_queue_0_raw, 0);
bio_queue!(bio_queue_1, bio_queue_1_raw, 1);

#[btf_tracepoint]
fn bio_split(_ctx: BtfTracePointContext) -> i32 {
    split();
    0
}

#[raw_tracepoint]
fn bio_split_raw(_ctx: RawTracePointContext) -> i32 {
    split();
    0
}
