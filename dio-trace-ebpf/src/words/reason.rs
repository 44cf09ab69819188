//! Reasons: the things about a request that are misaligned.

sets! {
    /// Everything about a request that is misaligned: any number of [`Reason`]s.
    Reasons of
    /// One thing about a request that is misaligned.
    Reason {
        MemoryAddress = 0 => "memory_address", "a segment's memory address";
        SegmentLength = 1 => "segment_length", "a segment's length";
        TotalLength = 2 => "total_length", "the length of the whole request";
        FileOffset = 3 => "file_offset", "the position in the file or device";
        VirtBoundary = 4 => "virt_boundary", "a gap between segments that the device's virtual boundary forbids";
        AtomicLength = 5 => "atomic_length", "the length of an atomic write: not a power of two, or outside the sizes that can be written atomically";
        AtomicOffset = 6 => "atomic_offset", "the offset of an atomic write: not a multiple of its length";
        AtomicSegments = 7 => "atomic_segments", "the memory of an atomic write: more than one segment";
    }
}

impl Reason {
    /// Whether it breaks a rule for atomic writes, and not one of alignment.
    #[must_use]
    pub const fn is_atomic(self) -> bool {
        match self {
            Self::AtomicLength | Self::AtomicOffset | Self::AtomicSegments => true,
            Self::MemoryAddress
            | Self::SegmentLength
            | Self::TotalLength
            | Self::FileOffset
            | Self::VirtBoundary => false,
        }
    }
}
