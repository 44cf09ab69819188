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
    abi::request::{
        NO_OFFENDER, Request, SEGMENTS_AT_A_TIME, SEGMENTS_EXAMINED, SEGMENTS_KEPT, state,
    },
    rules::{Fold, Geometry, Segment},
    verifier::{forget, low_bits},
};

use super::{
    globals::{has, layout},
    in_flight,
    maps::{WALK, WALKER},
    memory::Kernel,
};

/// For [`low_bits`]: `SEGMENTS_KEPT` is a power of two.
const KEPT: i32 = SEGMENTS_KEPT as i32 - 1;

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

/// Folds the iterator into the request of `kiocb`, whose limits are known already. `BOUNDED` is for
/// kernels without `bpf_loop`; such a program has to [`go_on`] at its end.
#[inline(always)]
pub(super) fn capture<const TRACING: bool, const BOUNDED: bool>(
    request: &mut Request,
    iter: Kernel<TRACING>,
    offset: u64,
    kiocb: u64,
) {
    let kind = kind(iter);
    let skip = iter.read::<u64>(layout!(iov_iter_iov_offset));
    let length = count(iter);
    request.offending_index = NO_OFFENDER;
    if has!(iter_ubuf) && kind == layout!(iter_ubuf) {
        let address = number(request, iter.read(layout!(iov_iter_ubuf))).wrapping_add(skip);
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
    let segments = number(request, segments);
    let segment_count = iter.read::<u64>(layout!(iov_iter_nr_segs));
    if !pages && segment_count == 1 {
        // SAFETY: the helper checks the address.
        let first = Kernel::<false>(segments as *const u8);
        let address = first.read::<u64>(0).wrapping_add(skip);
        one_segment(request, offset, Segment { address, length });
        return;
    }
    let start = Start {
        segments,
        segment_count,
        skip,
        length,
        offset,
        pages,
    };
    if BOUNDED {
        walk_by_loop(request, &start, kiocb);
    } else {
        walk_by_helper(request, &start);
    }
}

/// The same value, as a number: to the verifier a plain load gives a pointer, which may not be added
/// to, until it has gone through memory of which it keeps no account.
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

/// Where the segments are.
struct Start {
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

/// By `bpf_loop` (5.17), whose callback the verifier walks once. It needs a relocation that older
/// kernels refuse, so only programs that are not loaded there may use it.
#[inline(always)]
fn walk_by_helper(request: &mut Request, start: &Start) {
    let mut walk = Walk::new(request, start);
    // SAFETY: the callback has the signature that the helper asks for, and gets back `walk`, which
    // outlives the call.
    unsafe {
        bpf_loop(
            SEGMENTS_EXAMINED,
            walk_callback as *mut c_void,
            (&raw mut walk).cast(),
            0,
        );
    }
    walk.end();
}

/// One round of `bpf_loop`: 0 to go on, 1 to stop.
unsafe extern "C" fn walk_callback(_round: u32, walk: *mut c_void) -> c_long {
    // SAFETY: `walk_by_helper` passes a `Walk` that nothing else touches meanwhile.
    let walk = unsafe { &mut *walk.cast::<Walk<'_>>() };
    c_long::from(!walk.step::<true>())
}

/// By a loop that the verifier walks round for round, as far as one program goes. Not inlined: all
/// its state in registers and on a stack of its own.
#[inline(never)]
fn walk_by_loop(request: &mut Request, start: &Start, kiocb: u64) {
    Walk::new(request, start).some_rounds(kiocb);
}

/// A walk that another program has to go on with. Programs are not preempted where this is used
/// (kprobes), so there is one for each CPU.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Paused {
    /// Whose; 0 for nobody's.
    kiocb: u64,
    progress: Progress,
}

/// Passes on what [`capture`] of a `BOUNDED` program left. Must be the last thing that it does: it
/// does not come back.
#[inline(always)]
pub(super) fn go_on<C: EbpfContext>(ctx: &C) {
    if let Some(paused) = WALK.get_ptr_mut(0) {
        // SAFETY: a map value, which nothing else touches meanwhile.
        if unsafe { (*paused).kiocb } != 0 {
            // SAFETY: the map holds no other programs than kprobes. From here on only where there
            // is none, or after as many as the kernel allows; the request is marked as cut off.
            unsafe {
                WALKER.tail_call(ctx, 0);
                (*paused).kiocb = 0;
            }
        }
    }
}

/// Goes on with a walk: 32 programs follow upon one another (`MAX_TAIL_CALL_CNT`).
#[inline(always)]
pub(super) fn resume<C: EbpfContext>(ctx: &C) {
    let Some(paused) = WALK.get_ptr_mut(0) else {
        return;
    };
    // SAFETY: a map value, which nothing else touches meanwhile.
    let Paused { kiocb, progress } = unsafe { core::mem::replace(&mut *paused, Paused::NONE) };
    let Some(request) = in_flight::find(kiocb) else {
        return;
    };
    request.state &= !state::TRUNCATED;
    Walk { progress, request }.some_rounds(kiocb);
    go_on(ctx);
}

/// A walk over the segments of a request.
struct Walk<'a> {
    progress: Progress,
    request: &'a mut Request,
}

/// How far a walk is, and what was gathered on the way.
#[derive(Clone, Copy)]
#[repr(C)]
struct Progress {
    /// Address of the array of `struct iovec`, `kvec` or `bio_vec`; all are 16 bytes.
    segments: u64,
    segment_count: u64,
    /// Bytes of the first segment that are used up; zero from the second on.
    skip: u64,
    /// Bytes still to come, which may end inside a segment.
    left: u64,
    fold: Fold,
    /// Mask of the logical block size.
    block: u32,
    /// Number of the next segment.
    index: u32,
    /// `struct bio_vec`: page, length, offset.
    pages: bool,
}

impl Paused {
    const NONE: Self = Self {
        kiocb: 0,
        progress: Progress {
            segments: 0,
            segment_count: 0,
            skip: 0,
            left: 0,
            fold: Fold::new(0, 0),
            block: 0,
            index: 0,
            pages: false,
        },
    };
}

impl<'a> Walk<'a> {
    #[inline(always)]
    fn new(request: &'a mut Request, start: &Start) -> Self {
        let progress = Progress {
            segments: start.segments,
            segment_count: start.segment_count,
            skip: start.skip,
            left: start.length,
            fold: Fold::new(start.offset, request.limits.virt_boundary_mask),
            block: request.limits.logical_block_mask(),
            index: 0,
            pages: start.pages,
        };
        Self { progress, request }
    }

    /// As many rounds as one program goes; what is left then is paused.
    #[inline(always)]
    fn some_rounds(mut self, kiocb: u64) {
        let mut more = true;
        for _ in 0..SEGMENTS_AT_A_TIME {
            more = self.step::<false>();
            if !more {
                break;
            }
        }
        let progress = self.progress;
        if more
            && progress.left != 0
            && let Some(paused) = WALK.get_ptr_mut(0)
        {
            // SAFETY: a map value, which nothing else touches meanwhile.
            unsafe { *paused = Paused { kiocb, progress } };
        }
        self.end();
    }

    /// The next segment. False when there are no more, or none that can be read. With `ALIKE` the
    /// verifier takes each round for the same.
    #[inline(always)]
    fn step<const ALIKE: bool>(&mut self) -> bool {
        let mut raw = MaybeUninit::<[u64; 2]>::uninit();
        let address =
            self.progress.segments + u64::from(self.progress.index) * size_of::<[u64; 2]>() as u64;
        // SAFETY: the helper checks the address, and fills with zeros where it cannot read.
        let (failed, raw) = unsafe {
            let size = size_of::<[u64; 2]>() as u32;
            let failed = bpf_probe_read_kernel(raw.as_mut_ptr().cast(), size, address as *const _);
            (failed != 0, raw.assume_init())
        };
        self.forget(raw[0]);
        if ALIKE {
            self.progress.index = forget(u64::from(self.progress.index), raw[0]) as u32;
        }
        if self.progress.left == 0 || u64::from(self.progress.index) >= self.progress.segment_count
        {
            return false;
        }
        if failed {
            self.request.state |= state::UNREADABLE;
            return false;
        }
        self.segment(decode(&raw, self.progress.pages));
        true
    }

    /// Hides from the verifier what was found so far.
    #[inline(always)]
    fn forget(&mut self, unknown: u64) {
        self.progress.left = forget(self.progress.left, unknown);
        self.progress.skip = forget(self.progress.skip, unknown);
        self.progress.fold.forget(unknown);
    }

    #[inline(always)]
    fn segment(&mut self, mut segment: Segment) {
        segment.address = segment.address.wrapping_add(self.progress.skip);
        segment.length = segment.length.saturating_sub(self.progress.skip);
        self.progress.skip = 0;
        if segment.length > self.progress.left {
            segment.length = self.progress.left;
        }
        self.progress.left -= segment.length;
        self.progress.fold.push(segment);
        if self.progress.pages {
            // Beyond this point only the place in the page means something.
            segment.address &= 4095;
        }
        let request = &mut *self.request;
        let index = self.progress.index;
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
            && (segment.address | segment.length) & u64::from(self.progress.block) != 0
        {
            request.offending_index = index;
            request.segments[SEGMENTS_KEPT] = segment;
        }
        self.progress.index = index + 1;
    }

    /// Writes down what was gathered, all of it or as far as it goes.
    #[inline(always)]
    fn end(self) {
        let Self { progress, request } = self;
        if progress.left != 0 && request.state & state::UNREADABLE == 0 {
            request.state |= state::TRUNCATED;
        }
        request.geometry = progress.fold.finish();
        request.geometry.length = request.geometry.length.wrapping_add(progress.left);
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
