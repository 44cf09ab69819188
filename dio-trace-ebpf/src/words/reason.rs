//! What about a request is misaligned.

sets! {
    /// What about a request is misaligned; any number of [`Reason`]s.
    Reasons of
    /// One thing about a request that is misaligned.
    Reason {
        MemoryAddress MEMORY_ADDRESS = 0 => "memory_address", "a segment's memory address";
        SegmentLength SEGMENT_LENGTH = 1 => "segment_length", "a segment's length";
        TotalLength TOTAL_LENGTH = 2 => "total_length", "the length of the whole request";
        FileOffset FILE_OFFSET = 3 => "file_offset", "the position in the file or device";
        VirtBoundary VIRT_BOUNDARY = 4 => "virt_boundary", "a gap between segments that the device's virtual boundary forbids";
        AtomicLength ATOMIC_LENGTH = 5 => "atomic_length", "the length of an atomic write: not a power of two, or outside the units that can be written so";
        AtomicOffset ATOMIC_OFFSET = 6 => "atomic_offset", "the offset of an atomic write: not a multiple of its length";
        AtomicSegments ATOMIC_SEGMENTS = 7 => "atomic_segments", "the memory of an atomic write: more than one segment";
    }
}
