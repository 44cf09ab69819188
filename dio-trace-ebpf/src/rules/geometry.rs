//! The shape of a request in memory and in the file, folded so that any number of segments fits
//! in a few words and every alignment question can still be answered exactly.

use bytemuck::{Pod, Zeroable};

/// Alignments are reported up to this many bytes; every block size and dma alignment in use is
/// far below it.
pub const ALIGNMENT_CAP: u32 = 65_536;

const CAP_MASK: u64 = ALIGNMENT_CAP as u64 - 1;

/// One iovec segment: an address in the program's (or the kernel's) memory and a length, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Segment {
    /// Start address.
    pub address: u64,
    /// Length in bytes.
    pub length: u64,
}

/// Largest power of two, capped at [`ALIGNMENT_CAP`], that divides every value folded by OR into
/// `bits`.
#[must_use]
pub const fn alignment_of(bits: u32) -> u32 {
    let lowest = bits & bits.wrapping_neg();
    if lowest == 0 || lowest > ALIGNMENT_CAP {
        ALIGNMENT_CAP
    } else {
        lowest
    }
}

/// Where a request lies, folded over **all** its segments. Empty segments do not count, as in the
/// kernel's `iov_iter_alignment` and `iov_iter_is_aligned`.
///
/// The `*_bits` fields hold the OR of the values they name, cut to the bits below
/// [`ALIGNMENT_CAP`]: a value set is aligned to a mask exactly when its OR is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Geometry {
    /// Position in the file or device, bytes.
    pub offset: u64,
    /// Bytes asked for.
    pub length: u64,
    /// Non-empty segments.
    pub segment_count: u32,
    /// Non-empty segments after those that touch in memory are joined, as bio building does.
    pub merged_count: u32,
    /// OR of all segment addresses.
    pub address_bits: u32,
    /// OR of all segment lengths.
    pub length_bits: u32,
    /// OR of the addresses of the joined segments.
    pub merged_address_bits: u32,
    /// OR of the lengths of the joined segments.
    pub merged_length_bits: u32,
    /// OR, over neighbours that do not touch, of the end of the one and the start of the next.
    pub gap_bits: u32,
    /// OR of the distance, from the request's start, of each gap that breaks the device's virtual
    /// boundary: where the kernel must split the bio.
    pub split_bits: u32,
    /// Byte in its 4096-byte page at which the first segment starts.
    pub first_page_offset: u32,
    /// OR of the addresses of empty segments that a full one follows: from 6.0 to 6.17 the kernel
    /// looks at them (`iov_iter_aligned_iovec`).
    pub empty_address_bits: u32,
}

impl Geometry {
    /// An empty request at `offset`; fold segments into it with [`Fold`].
    #[must_use]
    pub const fn at(offset: u64) -> Self {
        Self {
            offset,
            length: 0,
            segment_count: 0,
            merged_count: 0,
            address_bits: 0,
            length_bits: 0,
            merged_address_bits: 0,
            merged_length_bits: 0,
            gap_bits: 0,
            split_bits: 0,
            first_page_offset: 0,
            empty_address_bits: 0,
        }
    }

    /// A request of one segment: by far the most common shape.
    #[must_use]
    pub const fn single(offset: u64, segment: Segment) -> Self {
        let address_bits = (segment.address & CAP_MASK) as u32;
        let length_bits = (segment.length & CAP_MASK) as u32;
        Self {
            offset,
            length: segment.length,
            segment_count: 1,
            merged_count: 1,
            address_bits,
            length_bits,
            merged_address_bits: address_bits,
            merged_length_bits: length_bits,
            gap_bits: 0,
            split_bits: 0,
            first_page_offset: address_bits & 4095,
            empty_address_bits: 0,
        }
    }

    /// Folds all of `segments`, for a device with this virtual boundary (a mask, 0 for none).
    pub fn fold(
        offset: u64,
        segments: impl IntoIterator<Item = Segment>,
        virt_boundary_mask: u32,
    ) -> Self {
        let mut fold = Fold::new(offset, virt_boundary_mask);
        for segment in segments {
            fold.push(segment);
        }
        fold.finish()
    }

    /// The same request where the kernel looks at its first `length` bytes only. Of several segments it is
    /// not known where that cuts them: their lengths stay.
    #[must_use]
    #[inline(always)]
    pub const fn cut_to(&self, length: u64) -> Self {
        let mut cut = *self;
        if length != self.length {
            cut.length = length;
            if self.segment_count == 1 {
                cut.length_bits = (length & CAP_MASK) as u32;
                cut.merged_length_bits = cut.length_bits;
            }
        }
        cut
    }

    /// Largest power of two dividing all addresses.
    #[must_use]
    pub const fn memory_alignment(&self) -> u32 {
        alignment_of(self.address_bits)
    }

    /// Largest power of two dividing all segment lengths.
    #[must_use]
    pub const fn length_alignment(&self) -> u32 {
        alignment_of(self.length_bits)
    }

    /// Largest power of two dividing the offset.
    #[must_use]
    pub const fn offset_alignment(&self) -> u32 {
        alignment_of(
            (self.offset & CAP_MASK) as u32 | (((self.offset & !CAP_MASK) != 0) as u32) << 16,
        )
    }

    /// Whether the whole request lies in one 4096-byte page of memory.
    #[must_use]
    pub const fn in_one_page(&self) -> bool {
        self.merged_count == 1 && self.first_page_offset as u64 + self.length <= 4096
    }
}

/// Folds segments into a [`Geometry`], one at a time and in order.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Fold {
    geometry: Geometry,
    virt_boundary_mask: u32,
    /// OR of the addresses of the empty segments since the last full one.
    empty_bits: u32,
    run: Segment,
}

impl Fold {
    /// Starts a request at `offset` (bytes) on a device with this virtual boundary (a mask).
    #[must_use]
    pub const fn new(offset: u64, virt_boundary_mask: u32) -> Self {
        let mut fold = Self {
            geometry: Geometry::at(0),
            virt_boundary_mask: 0,
            empty_bits: 0,
            run: Segment {
                address: 0,
                length: 0,
            },
        };
        fold.start(offset, virt_boundary_mask);
        fold
    }

    /// The same where there are only zeros yet.
    #[inline(always)]
    pub const fn start(&mut self, offset: u64, virt_boundary_mask: u32) {
        self.geometry.offset = offset;
        self.virt_boundary_mask = virt_boundary_mask;
    }

    /// Adds the next segment.
    #[inline(always)]
    pub const fn push(&mut self, segment: Segment) {
        if segment.length == 0 {
            self.empty_bits |= (segment.address & CAP_MASK) as u32;
            return;
        }
        let geometry = &mut self.geometry;
        geometry.empty_address_bits |= self.empty_bits;
        self.empty_bits = 0;
        geometry.address_bits |= (segment.address & CAP_MASK) as u32;
        geometry.length_bits |= (segment.length & CAP_MASK) as u32;
        geometry.segment_count += 1;
        let end = self.run.address.wrapping_add(self.run.length);
        if geometry.merged_count != 0 && end == segment.address {
            self.run.length += segment.length;
        } else {
            if geometry.merged_count == 0 {
                geometry.first_page_offset = (segment.address & 4095) as u32;
            } else {
                let gap = ((end | segment.address) & CAP_MASK) as u32;
                geometry.gap_bits |= gap;
                if gap & self.virt_boundary_mask != 0 {
                    geometry.split_bits |= (geometry.length & CAP_MASK) as u32;
                }
                geometry.merged_address_bits |= (self.run.address & CAP_MASK) as u32;
                geometry.merged_length_bits |= (self.run.length & CAP_MASK) as u32;
            }
            geometry.merged_count += 1;
            self.run = segment;
        }
        geometry.length += segment.length;
    }

    /// The folded request.
    #[must_use]
    #[inline(always)]
    pub const fn finish(mut self) -> Geometry {
        self.geometry.merged_address_bits |= (self.run.address & CAP_MASK) as u32;
        self.geometry.merged_length_bits |= (self.run.length & CAP_MASK) as u32;
        self.geometry
    }
}
