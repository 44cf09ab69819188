//! How often a superblock with a device number has ended: a filesystem that is mounted later under the
//! same number, or made again on the same disk, has other files of the same inode numbers.

use dio_trace_ebpf::{memory::InMap, verifier::low_bits};

use crate::bpf::{
    base::{
        globals::layout,
        map::Values,
        pointer::{Access, KernelPtr},
    },
    tables::maps::{SUPERBLOCK_SLOTS, SUPERBLOCKS},
};

/// The slot of a device number. Two numbers may share one: then files are reported to userspace again
/// that need not be.
#[inline(always)]
fn slot(device: u32) -> u32 {
    const LAST: i32 = SUPERBLOCK_SLOTS as i32 - 1;
    low_bits::<LAST>(u64::from(device ^ device >> 20)) as u32
}

/// How often one has ended.
#[inline(always)]
pub(in crate::bpf) fn ended(device: u32) -> u32 {
    SUPERBLOCKS.value(slot(device)).map_or(0, InMap::read)
}

/// One ends (`generic_shutdown_super`). Two that end at once count as one or two: it is another number
/// either way.
#[inline(always)]
pub(in crate::bpf) fn end<A: Access>(super_block: KernelPtr<A>) {
    let device = super_block.read::<u32>(layout!(super_block_s_dev));
    if let Some(count) = SUPERBLOCKS.value(slot(device)) {
        count.write(count.read().wrapping_add(1));
    }
}
