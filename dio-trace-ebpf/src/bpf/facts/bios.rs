//! The devices that a request's bios go to, and those of them that check its memory.
//!
//! Where memory is checked when a bio is split (`dma-segment-late`; later kernels for registered
//! buffers), each device on the way that splits applies its own mask, and the others none.

use dio_trace_ebpf::{
    abi::request::{Request, state},
    words::RuleSet,
};

use crate::bpf::{
    base::{
        globals::{has, layout, setting},
        pointer::{ByHelper, KernelPtr},
    },
    facts::device::{is_named, number_and_limits},
};

/// Whether this kernel checks the memory of any request in its bios.
#[inline(always)]
pub(in crate::bpf) fn are_looked_at() -> bool {
    setting!(rule_set) == RuleSet::DmaSegmentLate as u32
        || setting!(rule_set) == RuleSet::DmaSegment as u32
}

/// How a disk treats the bios it is given: [`state::DEVICE_LOOKS`], [`state::TARGET_LOOKS`],
/// [`state::HANDS_DOWN`] or neither.
#[inline(never)]
pub(in crate::bpf) fn role_of(disk: KernelPtr<ByHelper>) -> u32 {
    let queue = disk.follow(layout!(gendisk_queue));
    if queue.read::<u64>(layout!(request_queue_mq_ops)) != 0 {
        // `blk_mq_submit_bio` splits to the queue's limits.
        return state::DEVICE_LOOKS;
    }
    if is_named(disk, *b"nvme")
        || is_named(disk, *b"drbd")
        || disk.read::<u16>(layout!(gendisk_disk_name)) == u16::from_ne_bytes(*b"md")
    {
        // `nvme_ns_head_submit_bio`, `drbd_submit_bio`, `md_submit_bio` call `bio_split_to_limits`.
        return state::DEVICE_LOOKS;
    }
    if disk.read::<u16>(layout!(gendisk_disk_name)) == u16::from_ne_bytes(*b"dm") {
        return if target_looks(disk) {
            state::TARGET_LOOKS
        } else {
            state::HANDS_DOWN
        };
    }
    if is_named(disk, *b"bcac") {
        return state::HANDS_DOWN;
    }
    0
}

/// Whether a mapped device's target looks at memory itself: those that go through the data
/// (`crypt_convert`, `dm_integrity_map`, `verity_map`) take whole sectors only, and answer `EIO`.
#[inline(always)]
fn target_looks(disk: KernelPtr<ByHelper>) -> bool {
    if !has!(mapped_device_map)
        || !has!(dm_table_targets)
        || !has!(dm_target_type)
        || !has!(target_type_name)
    {
        return false;
    }
    let name = disk
        .follow(layout!(gendisk_private_data))
        .follow(layout!(mapped_device_map))
        .follow(layout!(dm_table_targets))
        .follow(layout!(dm_target_type))
        .follow(layout!(target_type_name));
    let start = name.read::<u32>(0);
    start == u32::from_ne_bytes(*b"cryp")
        || start == u32::from_ne_bytes(*b"inte")
        || start == u32::from_ne_bytes(*b"veri")
}

/// A bio that a stacked device made of one of the request's goes to `device`.
#[inline(always)]
pub(in crate::bpf) fn handed_down(request: &mut Request, device: KernelPtr<ByHelper>) {
    let role = role_of(device.follow(layout!(block_device_bd_disk)));
    if role & (state::DEVICE_LOOKS | state::TARGET_LOOKS) != 0 {
        let (number, limits) = number_and_limits(device);
        request.applied_disk = number;
        if role == state::DEVICE_LOOKS {
            request.applied_mask |= limits.dma_alignment;
        } else {
            // A stacked device's own mask is no finer than those below it.
            request.state |= state::TARGET_LOOKS;
        }
    }
}

/// A bio of a file whose filesystem has several devices goes to this one.
#[inline(always)]
pub(in crate::bpf) fn went_to(request: &mut Request, device: KernelPtr<ByHelper>) {
    let (number, mut limits) = number_and_limits(device);
    if number != 0 && number != request.origin.disk {
        limits.filesystem_block_size = request.origin.limits.filesystem_block_size;
        request.origin.disk = number;
        request.origin.limits = limits;
    }
}
