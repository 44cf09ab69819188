//! The memory that requests read into and write from: one mapping, in which a segment can have any
//! alignment, and damage around a request is noticed.

use std::{io, ptr::NonNull};

use dio_trace_ebpf::rules::Segment;

use super::Piece;

const HUGE_PAGE: usize = 2 << 20;
/// Size in bytes: room for 1024 segments two pages apart, and as much again.
const LENGTH: usize = 16 << 20;
/// Bytes before and after a request that are checked.
const MARGIN: usize = 8192;
/// The byte that fills memory outside of requests.
const CANARY: u8 = 0xa5;

/// Memory aligned to 2 MiB.
pub(super) struct Arena {
    base: NonNull<u8>,
}

impl Arena {
    /// Maps the memory, in ordinary pages or in huge ones where the system has them.
    pub(super) fn new(huge: bool) -> io::Result<Self> {
        // SAFETY: an anonymous mapping at an address of the kernel's choice.
        let map = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                LENGTH + HUGE_PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if map == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let map = map.cast::<u8>();
        let base = map.wrapping_add(map.align_offset(HUGE_PAGE));
        let advice = if huge {
            libc::MADV_HUGEPAGE
        } else {
            libc::MADV_NOHUGEPAGE
        };
        // SAFETY: advice on our own mapping. It fails where huge pages are not built in, and then
        // all pages are ordinary.
        unsafe { libc::madvise(base.cast(), LENGTH, advice) };
        let base = NonNull::new(base).ok_or_else(io::Error::last_os_error)?;
        Ok(Self { base })
    }

    /// The segment of a piece.
    pub(super) fn segment(&self, piece: Piece) -> Segment {
        Segment {
            address: self.base.as_ptr() as u64 + piece.delta,
            length: piece.length,
        }
    }

    /// The whole memory.
    pub(super) fn iovec(&self) -> libc::iovec {
        libc::iovec {
            iov_base: self.base.as_ptr().cast(),
            iov_len: LENGTH,
        }
    }

    /// Prepares for a request: canaries everywhere, and `data` in the pieces, one after another.
    pub(super) fn lay_out(&mut self, pieces: &[Piece], data: &[u8]) {
        let window = window(pieces);
        let bytes = &mut self.bytes()[window];
        bytes.fill(CANARY);
        let mut data = data;
        for piece in pieces {
            let take = (piece.length as usize).min(data.len());
            let (head, rest) = data.split_at(take);
            self.bytes()[piece.delta as usize..][..take].copy_from_slice(head);
            data = rest;
        }
    }

    /// The first `length` bytes of the pieces, one after another.
    pub(super) fn gather(&mut self, pieces: &[Piece], length: usize) -> Vec<u8> {
        let mut data = Vec::with_capacity(length);
        for piece in pieces {
            let take = (piece.length as usize).min(length - data.len());
            data.extend_from_slice(&self.bytes()[piece.delta as usize..][..take]);
        }
        data
    }

    /// Whether the memory around the pieces is unchanged.
    pub(super) fn surroundings_intact(&mut self, pieces: &[Piece]) -> bool {
        for piece in pieces {
            self.bytes()[piece.delta as usize..][..piece.length as usize].fill(CANARY);
        }
        let window = window(pieces);
        let canaries = [CANARY; 65_536];
        self.bytes()[window]
            .chunks(canaries.len())
            .all(|part| part == &canaries[..part.len()])
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the mapping is ours, writable and never unmapped; `&mut self` makes the slice
        // the only one, and no request is in flight while it is used.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr(), LENGTH) }
    }
}

/// The memory around the pieces.
fn window(pieces: &[Piece]) -> std::ops::Range<usize> {
    let start = pieces.iter().map(|piece| piece.delta).min().unwrap_or(0) as usize;
    let end = pieces
        .iter()
        .map(|piece| piece.delta + piece.length)
        .max()
        .unwrap_or(0) as usize;
    start.saturating_sub(MARGIN)..(end + MARGIN).min(LENGTH)
}
