//! The memory of a request: `struct iov_iter` folded into its [`Geometry`].

use core::{
    ffi::{c_long, c_void},
    mem::MaybeUninit,
};

use aya_ebpf::{
    EbpfContext,
    helpers::generated::{bpf_loop, bpf_probe_read_kernel},
};
use dio_trace_ebpf::{
    abi::{
        request::{
            NO_OFFENDER, Request, SEGMENTS_AT_A_TIME, SEGMENTS_EXAMINED, SEGMENTS_KEPT, state,
        },
        row::Row,
    },
    memory::clear,
    rules::{Geometry, Segment},
    verifier::low_bits,
};

use crate::bpf::{
    base::{
        globals::{has, layout},
        kind::{OldKprobe, ProgramKind},
        map::Values,
        pointer::{Access, KernelPtr},
    },
    tables::{
        maps::{WALK, WALKER},
        requests,
    },
};

/// For [`low_bits`]: `SEGMENTS_KEPT` is a power of two.
const KEPT: i32 = SEGMENTS_KEPT as i32 - 1;

/// `WRITE` of `iov_iter.type` up to 5.13.
const OLD_WRITE_BIT: u32 = 1;

/// Whether the data flows from memory to the file.
#[inline(always)]
pub(in crate::bpf) fn is_write<A: Access>(iter: KernelPtr<A>) -> bool {
    if has!(iov_iter_data_source) {
        iter.read::<u8>(layout!(iov_iter_data_source)) != 0
    } else {
        iter.read::<u32>(layout!(iov_iter_type)) & OLD_WRITE_BIT != 0
    }
}

/// Bytes the iterator still holds.
#[inline(always)]
pub(in crate::bpf) fn count<A: Access>(iter: KernelPtr<A>) -> u64 {
    iter.read(layout!(iov_iter_count))
}

#[inline(always)]
fn kind<A: Access>(iter: KernelPtr<A>) -> u32 {
    if has!(iov_iter_data_source) {
        u32::from(iter.read::<u8>(layout!(iov_iter_type)))
    } else {
        iter.read::<u32>(layout!(iov_iter_type)) & !OLD_WRITE_BIT
    }
}

/// Folds the iterator, which holds `length` bytes, into the request of `kiocb`. The row must be zero
/// except for what is known already, such as its limits. A program for old kernels must call [`go_on`]
/// at its end.
#[inline(always)]
pub(in crate::bpf) fn capture<P: ProgramKind>(
    row: &mut Row,
    iter: KernelPtr<P::Access>,
    length: u64,
    offset: u64,
    kiocb: u64,
) {
    let kind = kind(iter);
    let skip = iter.read::<u64>(layout!(iov_iter_iov_offset));
    let request = &mut row.request;
    request.offending_index = NO_OFFENDER;
    if has!(iter_ubuf) && kind == layout!(iter_ubuf) {
        let address = number(request, iter.read(layout!(iov_iter_ubuf))).wrapping_add(skip);
        one_segment(request, offset, Segment { address, length });
        return;
    }
    let pages = kind == layout!(iter_bvec);
    if !pages && kind != layout!(iter_iovec) && kind != layout!(iter_kvec) {
        // A pipe or a page cache folio queue: direct I/O takes neither.
        request.state |= state::UNREADABLE;
        request.geometry.offset = offset;
        request.geometry.length = length;
        return;
    }
    if pages {
        request.state |= state::PAGES;
    }
    let segments = iter.read::<u64>(if pages {
        layout!(iov_iter_bvec)
    } else {
        layout!(iov_iter_iov)
    });
    let segments = number(request, segments);
    let segment_count = iter.read::<u64>(layout!(iov_iter_nr_segs));
    if !pages && segment_count == 1 {
        let first = KernelPtr::at(segments);
        let address = first.read::<u64>(0).wrapping_add(skip);
        one_segment(request, offset, Segment { address, length });
        return;
    }
    let Row { request, walk } = row;
    clear(walk);
    walk.segments = segments;
    walk.segment_count = segment_count;
    walk.skip = skip;
    walk.left = length;
    walk.fold
        .start(offset, request.origin.limits.virt_boundary_mask);
    walk.block = request.origin.limits.logical_block_mask();
    walk.pages = u32::from(pages);
    if P::OLD {
        walk_by_loop(row, kiocb);
    } else {
        walk_by_helper(row);
    }
}

/// The same value, as a number: a plain load gives the verifier a pointer, which may not be added to.
/// A pointer that has gone through the memory of a map is a number to it.
#[inline(always)]
fn number(request: &mut Request, pointer: u64) -> u64 {
    let place = &raw mut request.segments[0].address;
    // SAFETY: a field of the row.
    unsafe {
        place.write_volatile(pointer);
        place.read_volatile()
    }
}

#[inline(always)]
fn one_segment(request: &mut Request, offset: u64, segment: Segment) {
    request.geometry = Geometry::single(offset, segment);
    request.segments[0] = segment;
    request.segments_kept = 1;
}

/// Walks by `bpf_loop` (5.17), whose callback the verifier walks once. It needs a relocation that older
/// kernels refuse, so only programs that are not loaded there may use it.
#[inline(always)]
fn walk_by_helper(row: &mut Row) {
    let mut context = &raw mut *row;
    // SAFETY: the callback has the signature that the helper asks for, and gets back `context`,
    // which outlives the call.
    unsafe {
        bpf_loop(
            SEGMENTS_EXAMINED,
            walk_callback as *mut c_void,
            (&raw mut context).cast(),
            0,
        );
    }
    end(row);
}

/// One round of `bpf_loop`: 0 to continue, 1 to stop.
unsafe extern "C" fn walk_callback(_round: u32, context: *mut c_void) -> c_long {
    // SAFETY: `walk_by_helper` passes the address of a row that nothing else touches meanwhile.
    let row = unsafe { &mut **context.cast::<*mut Row>() };
    c_long::from(!step(row))
}

/// Walks by a loop that the verifier follows round by round, as far as one program gets. The next program
/// does the rest. Not inlined: its state is in registers and on a stack frame of its own.
#[inline(never)]
fn walk_by_loop(row: &mut Row, kiocb: u64) {
    let mut more = true;
    for _ in 0..SEGMENTS_AT_A_TIME {
        more = step(row);
        if !more {
            break;
        }
    }
    if more
        && row.walk.left != 0
        && let Some(paused) = WALK.value(0)
    {
        paused.write(kiocb);
    }
    end(row);
}

/// Passes on what [`capture`] of a program for old kernels left. It must be the last thing that the
/// program does, since it does not return.
#[inline(always)]
pub(in crate::bpf) fn go_on<P: ProgramKind, C: EbpfContext>(ctx: &C) {
    if !P::OLD {
        return;
    }
    if let Some(paused) = WALK.value(0)
        && paused.read() != 0
    {
        // SAFETY: the map holds no other programs than kprobes.
        unsafe { WALKER.tail_call(ctx, 0) };
        // Reached only where there is no such program, or after as many as the kernel allows. The
        // request is marked as truncated.
        paused.write(0);
    }
}

/// Continues a walk. Up to 32 programs follow one another (`MAX_TAIL_CALL_CNT`).
#[inline(always)]
pub(in crate::bpf) fn resume<C: EbpfContext>(ctx: &C) {
    let Some(paused) = WALK.value(0) else {
        return;
    };
    let kiocb = paused.read();
    paused.write(0);
    let Some(row) = requests::find_row(kiocb) else {
        return;
    };
    row.request.state &= !state::TRUNCATED;
    walk_by_loop(row, kiocb);
    go_on::<OldKprobe, C>(ctx);
}

/// Folds the next segment. False when there is none, or it cannot be read.
#[inline(always)]
fn step(row: &mut Row) -> bool {
    let Row { request, walk } = row;
    if walk.left == 0 || u64::from(walk.index) >= walk.segment_count {
        return false;
    }
    let mut raw = MaybeUninit::<[u64; 2]>::uninit();
    let address = walk.segments + u64::from(walk.index) * size_of::<[u64; 2]>() as u64;
    // SAFETY: the helper checks the address, and fills with zeros where it cannot read.
    let (failed, raw) = unsafe {
        let size = size_of::<[u64; 2]>() as u32;
        let failed = bpf_probe_read_kernel(raw.as_mut_ptr().cast(), size, address as *const _);
        (failed != 0, raw.assume_init())
    };
    if failed {
        request.state |= state::UNREADABLE;
        return false;
    }
    let mut segment = decode(&raw, walk.pages != 0);
    segment.address = segment.address.wrapping_add(walk.skip);
    segment.length = segment.length.saturating_sub(walk.skip).min(walk.left);
    walk.skip = 0;
    walk.left -= segment.length;
    walk.fold.push(segment);
    if walk.pages != 0 {
        // From here on only the offset in the page has a meaning.
        segment.address &= 4095;
    }
    let index = walk.index;
    walk.index = index + 1;
    if (index as usize) < SEGMENTS_KEPT {
        // SAFETY: the index lies below SEGMENTS_KEPT.
        unsafe {
            *request
                .segments
                .as_mut_ptr()
                .add(low_bits::<KEPT>(u64::from(index))) = segment;
        }
        request.segments_kept = index + 1;
    } else if request.offending_index == NO_OFFENDER
        && (segment.address | segment.length) & u64::from(walk.block) != 0
    {
        request.offending_index = index;
        request.segments[SEGMENTS_KEPT] = segment;
    }
    true
}

/// Stores the geometry of all segments, or of those that were walked.
#[inline(always)]
fn end(row: &mut Row) {
    let Row { request, walk } = row;
    if walk.left != 0 && request.state & state::UNREADABLE == 0 {
        request.state |= state::TRUNCATED;
    }
    request.geometry = walk.fold.finish();
    request.geometry.length = request.geometry.length.wrapping_add(walk.left);
}

/// One segment from its 16 bytes in the kernel.
#[inline(always)]
fn decode(raw: &[u64; 2], pages: bool) -> Segment {
    if pages {
        // `struct page` has 64 bytes and lies in an array by page frame number, so pages that are
        // adjacent in memory are adjacent here as well.
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
