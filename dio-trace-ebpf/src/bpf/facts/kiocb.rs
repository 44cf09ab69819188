//! Facts in a `struct kiocb`: who waits for its result, and whether it will be issued again.

use dio_trace_ebpf::{
    abi::settings::{BACKING_AIO, COMPLETION_SLOTS, COMPLETIONS, OVL_AIO},
    words::Interface,
};

use crate::bpf::base::{
    globals::{has, layout, setting},
    pointer::{Access, ByHelper, KernelPtr},
};

/// `IOCB_NOWAIT` (include/linux/fs.h): a macro, so not in BTF; the same from 5.10 to 7.3.
const IOCB_NOWAIT: u32 = 1 << 3;
/// `IOCB_DIRECT`: likewise.
const IOCB_DIRECT: u32 = 1 << 17;
/// `IOCB_ATOMIC`, which is `RWF_ATOMIC`: from 6.11.
const IOCB_ATOMIC: u32 = 1 << 6;
const EAGAIN: i64 = 11;

/// Whether a request is a direct one at the moment.
#[inline(always)]
pub(in crate::bpf) fn is_direct<A: Access>(kiocb: KernelPtr<A>) -> bool {
    kiocb.read::<u32>(layout!(kiocb_ki_flags)) & IOCB_DIRECT != 0
}

/// Whether a write must reach the disk whole or not at all.
#[inline(always)]
pub(in crate::bpf) fn is_atomic<A: Access>(kiocb: KernelPtr<A>) -> bool {
    kiocb.read::<u32>(layout!(kiocb_ki_flags)) & IOCB_ATOMIC != 0
}

/// Whether `result` says only that the request would have to wait, to a caller that asked not to.
#[inline(always)]
pub(in crate::bpf) fn would_block<A: Access>(kiocb: KernelPtr<A>, result: i64) -> bool {
    result == -EAGAIN && kiocb.read::<u32>(layout!(kiocb_ki_flags)) & IOCB_NOWAIT != 0
}

/// The interface, derived from `ki_complete`. overlayfs installs its own `ki_complete`, and stores the
/// caller's kiocb after the one that it passes down.
#[inline(always)]
pub(in crate::bpf) fn interface<A: Access>(kiocb: KernelPtr<A>) -> u8 {
    match kiocb.read::<u64>(layout!(kiocb_ki_complete)) {
        0 => Interface::Sync as u8,
        own => known_interface(original(kiocb).map_or(own, |original| {
            original.read::<u64>(layout!(kiocb_ki_complete))
        })),
    }
}

/// The caller's `struct kiocb`, if overlayfs made this one to pass a request on.
#[inline(always)]
pub(in crate::bpf) fn original<A: Access>(kiocb: KernelPtr<A>) -> Option<KernelPtr<ByHelper>> {
    let ki_complete = kiocb.read::<u64>(layout!(kiocb_ki_complete));
    let place = if has!(backing_aio_orig_iocb) && is_one_of(ki_complete, BACKING_AIO) {
        layout!(backing_aio_orig_iocb)
    } else if has!(ovl_aio_req_orig_iocb) && is_one_of(ki_complete, OVL_AIO) {
        layout!(ovl_aio_req_orig_iocb)
    } else {
        return None;
    };
    let kiocb = kiocb.probed();
    // Stable kernels put a reference count before it (fs/overlayfs/file.c). Without BTF of the module
    // only the value shows which of the two it is.
    const KERNEL_ADDRESS: u64 = 1 << 63;
    let first = kiocb.read::<u64>(place);
    Some(if first & KERNEL_ADDRESS != 0 {
        KernelPtr::at(first)
    } else {
        kiocb.follow(place + size_of::<u64>() as u32)
    })
}

#[inline(always)]
fn is_one_of(ki_complete: u64, [first, second]: [usize; 2]) -> bool {
    ki_complete == setting!(completions[first]) || ki_complete == setting!(completions[second])
}

#[inline(always)]
fn known_interface(ki_complete: u64) -> u8 {
    let mut interface = Interface::Kernel;
    for (slot, (_, known)) in COMPLETIONS.into_iter().enumerate() {
        if ki_complete == setting!(completions[slot]) {
            interface = known;
        }
    }
    interface as u8
}

/// Whether a completion function is one that a probe is attached to.
#[inline(always)]
pub(in crate::bpf) fn is_followed(ki_complete: u64) -> bool {
    let mut followed = false;
    for slot in 0..COMPLETION_SLOTS {
        followed |= ki_complete == setting!(completions[slot]);
    }
    followed
}

/// Whether `io_uring` issues a refused request again from a worker: it does unless the program itself
/// asked not to wait (`REQ_F_NOWAIT`; `io_read`, `io_write`, io_uring/rw.c).
#[inline(always)]
pub(in crate::bpf) fn will_be_issued_again<A: Access>(kiocb: KernelPtr<A>) -> bool {
    if kiocb.read::<u32>(layout!(kiocb_ki_flags)) & IOCB_NOWAIT == 0
        || !has!(io_kiocb_flags)
        || !has!(req_f_nowait_bit)
    {
        return false;
    }
    // `struct io_kiocb` begins with the `struct kiocb` of a read or write.
    let flags = kiocb.probed().read::<u32>(layout!(io_kiocb_flags));
    flags & (1 << (layout!(req_f_nowait_bit) & 31)) == 0
}
