//! A block device: its number, its limits, the name of its disk.

use dio_trace_ebpf::rules::Limits;

use crate::bpf::base::{
    globals::{has, layout},
    pointer::{Access, ByHelper, KernelPtr},
};

/// Number (`dev_t`) and limits of a `struct block_device`; zeros for null.
#[inline(always)]
pub(in crate::bpf) fn number_and_limits<A: Access>(device: KernelPtr<A>) -> (u32, Limits) {
    let queue = device
        .follow(layout!(block_device_bd_disk))
        .follow(layout!(gendisk_queue));
    let limits = layout!(request_queue_limits);
    let dma_alignment = if has!(queue_limits_dma_alignment) {
        queue.read(limits + layout!(queue_limits_dma_alignment))
    } else {
        queue.read(layout!(request_queue_dma_alignment))
    };
    // An unsigned long in the kernel; every boundary in use lies below 4 GiB.
    let virt_boundary_mask =
        queue.read::<u64>(limits + layout!(queue_limits_virt_boundary_mask)) as u32;
    let limits = Limits {
        logical_block_size: queue.read(limits + layout!(queue_limits_logical_block_size)),
        physical_block_size: queue.read(limits + layout!(queue_limits_physical_block_size)),
        dma_alignment,
        virt_boundary_mask,
        filesystem_block_size: 0,
    };
    (device.read(layout!(block_device_bd_dev)), limits)
}

/// Whether the name of a disk begins with these letters.
#[inline(always)]
pub(in crate::bpf) fn is_named<A: Access>(disk: KernelPtr<A>, letters: [u8; 4]) -> bool {
    let name = layout!(gendisk_disk_name);
    // The verifier allows plain loads of one letter at a time.
    if A::BY_LOAD {
        let is = |at: u32| disk.read::<u8>(name + at) == letters[at as usize];
        is(0) && is(1) && is(2) && is(3)
    } else {
        disk.read::<u32>(name) == u32::from_ne_bytes(letters)
    }
}

/// Copies the name of a device's disk, NUL-padded.
#[inline(always)]
pub(in crate::bpf) fn disk_name(device: KernelPtr<ByHelper>, place: &mut [u8; 32]) {
    let disk = device.follow(layout!(block_device_bd_disk));
    disk.read_to(layout!(gendisk_disk_name), place);
}
