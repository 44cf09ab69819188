//! Bios: how many a request makes, and how many of them are split.

use aya_ebpf::{
    macros::{btf_tracepoint, raw_tracepoint},
    programs::{BtfTracePointContext, RawTracePointContext},
};

use dio_trace_ebpf::{abi::request::state, lifecycle::is_first};

use crate::bpf::{
    base::{
        globals::{has, layout, setting},
        kind::{Fentry, Kprobe, ProgramKind},
        pointer::{Access, ByHelper, KernelPtr},
    },
    facts::bios,
    tables::threads,
};

/// `block_bio_queue`: a bio enters the block layer.
#[inline(always)]
fn queued<P: ProgramKind>(bio: KernelPtr<P::Access>) {
    let Some(request) = threads::current_request() else {
        return;
    };
    // Neither the filesystem's metadata nor the clones that a stacked device makes of our bio. A bio of
    // registered buffers is marked as a clone too (`bio_iov_bvec_set`), but goes to our own device.
    let metadata = has!(req_meta_bit)
        && bio.read::<u32>(layout!(bio_bi_opf)) & (1 << (layout!(req_meta_bit) & 31)) != 0;
    if metadata {
        return;
    }
    let flags = bio.read::<u16>(layout!(bio_bi_flags));
    let clone = has!(bio_cloned) && flags & (1 << (layout!(bio_cloned) & 15)) != 0;
    if clone {
        if !has!(bio_bi_bdev) {
            return;
        }
        let device = device_of(bio);
        if device.read::<u32>(layout!(block_device_bd_dev)) != request.origin.disk {
            if bios::are_looked_at() {
                bios::handed_down(request, device);
            }
            return;
        }
    } else if request.state & state::MANY_DEVICES != 0 && has!(bio_bi_bdev) {
        bios::went_to(request, device_of(bio));
    }
    let again = request.bio == bio.address();
    if is_counted::<P>(&mut request.state, state::BIO_DUE, again) {
        request.bio = bio.address();
        request.bios += 1;
    }
}

/// The device that a bio goes to.
#[inline(always)]
fn device_of<A: Access>(bio: KernelPtr<A>) -> KernelPtr<ByHelper> {
    // By the helper: this path is rare, and the verifier is slow to check a chain of plain loads from a
    // tracepoint argument.
    bio.probed().follow(layout!(bio_bi_bdev))
}

/// Whether this program is to count an event, see [`is_first`].
#[inline(always)]
fn is_counted<P: ProgramKind>(state: &mut u32, due: u32, again: bool) -> bool {
    !P::BTF || setting!(pairs) == 0 || is_first(state, due, again)
}

/// `block_split`: a bio is too large, or has a gap, for one request of its device.
#[inline(always)]
fn split<P: ProgramKind>() {
    if let Some(request) = threads::current_request()
        && is_counted::<P>(&mut request.state, state::SPLIT_DUE, true)
    {
        request.splits += 1;
    }
}

/// Declares the programs of a tracepoint whose argument of this number is the bio: up to 5.10 the second.
macro_rules! bio_queue {
    ($btf:ident, $raw:ident, $argument:literal) => {
        #[btf_tracepoint]
        fn $btf(ctx: BtfTracePointContext) -> i32 {
            queued::<Fentry>(KernelPtr::new(ctx.arg($argument)));
            0
        }

        #[raw_tracepoint]
        fn $raw(ctx: RawTracePointContext) -> i32 {
            queued::<Kprobe>(KernelPtr::new(ctx.arg($argument)));
            0
        }
    };
}

bio_queue!(bio_queue_0, bio_queue_0_raw, 0);
bio_queue!(bio_queue_1, bio_queue_1_raw, 1);

#[btf_tracepoint]
fn bio_split(_ctx: BtfTracePointContext) -> i32 {
    split::<Fentry>();
    0
}

#[raw_tracepoint]
fn bio_split_raw(_ctx: RawTracePointContext) -> i32 {
    split::<Kprobe>();
    0
}
