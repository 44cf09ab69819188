//! How much of a request the kernel looks at.

use crate::{
    abi::request::{Request, state},
    words::{Engine, Operation, RuleSet},
};

/// The bytes of a request that the kernel looks at before it does or refuses it: not what reaches past
/// the end of a raw device (`blkdev_read_iter`, `blkdev_write_iter` truncate the iterator, on every
/// kernel), nor, from 6.18 on, past the last block of a file that iomap reads (`iomap_dio_bio_iter`
/// truncates the iterator to the extent before memory is looked at).
#[must_use]
#[inline(always)]
pub fn seen_length(request: &Request, kernel: RuleSet) -> u64 {
    let length = request.geometry.length;
    let raw = request.state & state::RAW_DEVICE != 0;
    let late = matches!(kernel, RuleSet::DmaSegmentLate | RuleSet::DmaSegment);
    let file =
        late && request.engine == Engine::Iomap as u8 && request.operation == Operation::Read as u8;
    if !raw && !file {
        return length;
    }
    let block = if raw {
        0
    } else {
        u64::from(request.origin.limits.filesystem_block_size.wrapping_sub(1))
    };
    let end = request.file_size.wrapping_add(block) & !block;
    // Past the end it is negative, and nothing is looked at.
    let left = end.wrapping_sub(request.geometry.offset);
    if left < length { left } else { length }
}
