//! The limits that a device and its filesystem set to direct I/O.

use bytemuck::{Pod, Zeroable};

use crate::verifier::is_nonzero;

/// The limits in force for one request, in bytes unless said otherwise.
///
/// `dma_alignment` and `virt_boundary_mask` are masks, as in sysfs and in the kernel's
/// `struct queue_limits`: 511 means 512-byte alignment, 0 means no demand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct Limits {
    /// The unit that the device addresses, bytes, a power of two; 0 where the request has no block device.
    pub logical_block_size: u32,
    /// The unit that the device writes without read-modify-write, bytes, a power of two.
    pub physical_block_size: u32,
    /// Mask of the address bits that must be zero for the device's DMA engine.
    pub dma_alignment: u32,
    /// Mask of the address bits at which one bio may not have a gap; 0 for no boundary.
    pub virt_boundary_mask: u32,
    /// Block size of the filesystem, bytes; of a raw device, its soft block size.
    pub filesystem_block_size: u32,
}

impl Limits {
    /// Mask of the physical block size; 0 where there is no device.
    #[must_use]
    #[inline(always)]
    pub fn physical_block_mask(&self) -> u32 {
        let size = self.physical_block_size;
        size.wrapping_sub(is_nonzero(u64::from(size)) as u32)
    }

    /// Mask of the logical block size; 0 where there is no device, so that nothing is misaligned.
    #[must_use]
    #[inline(always)]
    pub fn logical_block_mask(&self) -> u32 {
        let size = self.logical_block_size;
        size.wrapping_sub(is_nonzero(u64::from(size)) as u32)
    }
}
