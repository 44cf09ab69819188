//! The memory of a request: `struct iov_iter` folded into its [`Geometry`].

use aya_ebpf::helpers::bpf_probe_read_kernel_buf;
use dio_trace_ebpf::{
    abi::request::{NO_OFFENDER, Request, SEGMENTS_EXAMINED, SEGMENTS_KEPT, state},
    rules::{Fold, Geometry, Segment},
};

use super::{
    globals::{has, layout},
    memory::Kernel,
};

/// Segments read from the kernel at a time.
const CHUNK: usize = 8;
const CHUNKS: u32 = SEGMENTS_EXAMINED / CHUNK as u32;

/// `WRITE` of `iov_iter.type` up to 5.13.
const OLD_WRITE_BIT: u32 = 1;

/// Whether the data flows from memory to the file.
#[inline(always)]
pub(super) fn is_write<const TRACING: bool>(iter: Kernel<TRACING>) -> bool {
    if has!(iov_iter_data_source) {
        iter.read::<u8>(layout!(iov_iter_data_source)) != 0
    } else {
        iter.read::<u32>(layout!(iov_iter_type)) & OLD_WRITE_BIT != 0
    }
}

/// Bytes the iterator still holds.
#[inline(always)]
pub(super) fn count<const TRACING: bool>(iter: Kernel<TRACING>) -> u64 {
    iter.read(layout!(iov_iter_count))
}

#[inline(always)]
fn kind<const TRACING: bool>(iter: Kernel<TRACING>) -> u32 {
    if has!(iov_iter_data_source) {
        u32::from(iter.read::<u8>(layout!(iov_iter_type)))
    } else {
        iter.read::<u32>(layout!(iov_iter_type)) & !OLD_WRITE_BIT
    }
}

/// Folds the iterator into `request`, whose limits are known already.
#[inline(always)]
pub(super) fn capture<const TRACING: bool>(
    request: &mut Request,
    iter: Kernel<TRACING>,
    offset: u64,
) {
    let kind = kind(iter);
    let skip = iter.read::<u64>(layout!(iov_iter_iov_offset));
    let length = count(iter);
    request.offending_index = NO_OFFENDER;
    if has!(iter_ubuf) && kind == layout!(iter_ubuf) {
        let address = iter.read::<u64>(layout!(iov_iter_ubuf)).wrapping_add(skip);
        one_segment(request, offset, Segment { address, length });
        return;
    }
    let pages = kind == layout!(iter_bvec);
    if !pages && kind != layout!(iter_iovec) && kind != layout!(iter_kvec) {
        // A pipe, a page cache folio queue: nothing that direct I/O takes.
        request.state |= state::UNREADABLE;
        request.geometry = Geometry::at(offset);
        request.geometry.length = length;
        return;
    }
    let segments = iter.read::<u64>(if pages {
        layout!(iov_iter_bvec)
    } else {
        layout!(iov_iter_iov)
    });
    let walk = Walk {
        segments,
        segment_count: iter.read::<u64>(layout!(iov_iter_nr_segs)),
        skip,
        length,
        offset,
        pages,
    };
    if !pages && walk.segment_count == 1 {
        // SAFETY: the helper checks the address.
        let first = Kernel::<false>(segments as *const u8);
        let address = first.read::<u64>(0).wrapping_add(skip);
        one_segment(request, offset, Segment { address, length });
        return;
    }
    walk_segments(request, &walk);
}

#[inline(always)]
fn one_segment(request: &mut Request, offset: u64, segment: Segment) {
    request.geometry = Geometry::single(offset, segment);
    request.segments[0] = segment;
    request.segments_kept = 1;
}

/// Where the segments are.
struct Walk {
    /// Address of the array of `struct iovec`, `kvec` or `bio_vec`; all are 16 bytes.
    segments: u64,
    segment_count: u64,
    /// Bytes of the first segment that are used up.
    skip: u64,
    /// Bytes in all, which may end inside a segment.
    length: u64,
    offset: u64,
    /// `struct bio_vec`: page, length, offset.
    pages: bool,
}

/// Not inlined: the loop would count against the verifier's limits once for each place of use.
#[inline(never)]
fn walk_segments(request: &mut Request, walk: &Walk) {
    let mut fold = Fold::new(walk.offset, request.limits.virt_boundary_mask);
    let mut left = walk.length;
    let mut skip = walk.skip;
    let mut index: u32 = 0;
    let block = u64::from(request.limits.logical_block_mask());
    let mut chunk = [[0u64; 2]; CHUNK];
    let mut first_offender = NO_OFFENDER;
    let mut offender = Segment {
        address: 0,
        length: 0,
    };
    for number in 0..CHUNKS {
        if left == 0 || u64::from(index) >= walk.segment_count {
            break;
        }
        let address = walk.segments + u64::from(number) * size_of::<[[u64; 2]; CHUNK]>() as u64;
        // SAFETY: any bytes are valid for an array of integers.
        let bytes = unsafe {
            core::slice::from_raw_parts_mut(chunk.as_mut_ptr().cast::<u8>(), size_of_val(&chunk))
        };
        // Reading past a short array's end is harmless: what lies there is not used.
        // SAFETY: the helper checks the address.
        if unsafe { bpf_probe_read_kernel_buf(address as *const u8, bytes) }.is_err() {
            request.state |= state::UNREADABLE;
            break;
        }
        for raw in &chunk {
            if left == 0 || u64::from(index) >= walk.segment_count {
                break;
            }
            let mut segment = decode(raw, walk.pages);
            segment.address = segment.address.wrapping_add(skip);
            segment.length = segment.length.saturating_sub(skip);
            skip = 0;
            if segment.length > left {
                segment.length = left;
            }
            left -= segment.length;
            fold.push(segment);
            if walk.pages {
                // Beyond this point only the place in the page means something.
                segment.address &= 4095;
            }
            if (index as usize) < SEGMENTS_KEPT {
                request.segments[index as usize & (SEGMENTS_KEPT - 1)] = segment;
                request.segments_kept = index + 1;
            } else if first_offender == NO_OFFENDER
                && (segment.address | segment.length) & block != 0
            {
                first_offender = index;
                offender = segment;
            }
            index += 1;
        }
    }
    if left != 0 && request.state & state::UNREADABLE == 0 {
        request.state |= state::TRUNCATED;
    }
    request.geometry = fold.finish();
    request.geometry.length = walk.length;
    if first_offender != NO_OFFENDER {
        request.segments[SEGMENTS_KEPT] = offender;
        request.offending_index = first_offender;
    }
}

/// One segment from its 16 bytes in the kernel.
#[inline(always)]
fn decode(raw: &[u64; 2], pages: bool) -> Segment {
    if pages {
        // `struct page` is 64 bytes and lies in an array by page frame, so pages that touch in
        // memory touch here as well.
        let (length, in_page) = (raw[1] & 0xffff_ffff, raw[1] >> 32);
        Segment {
            address: (raw[0] << 6).wrapping_add(in_page),
            length,
        }
    } else {
        Segment {
            address: raw[0],
            length: raw[1],
        }
    }
}
