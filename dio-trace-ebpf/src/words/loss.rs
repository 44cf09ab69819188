//! Loss causes: why something could not be seen or kept.

words! {
    /// The cause of a loss. Some lose only details, never counts
    /// ([`keeps_counts_exact`](Self::keeps_counts_exact)); the others say which numbers are not exact.
    LossCause {
        DetailCapped = 0 => "detail_capped", "a process issued more misaligned requests than its share of details; they are counted";
        DetailBufferFull = 1 => "detail_buffer_full", "the ring buffer was full: the request is counted, its details are not";
        InFlightFull = 2 => "in_flight_full", "more requests were in flight than the table holds: the request was not followed";
        CountersFull = 3 => "counters_full", "there were more processes and files than the counting table holds: the request was counted without file or process";
        CompletionUnpaired = 4 => "completion_unpaired", "a completion whose submission was not seen";
        RequestUnfinished = 5 => "request_unfinished", "a request whose end was never seen";
        MemoryUnreadable = 6 => "memory_unreadable", "kernel or user memory that could not be read: the request's shape is not fully known";
        PathUnresolved = 7 => "path_unresolved", "a path that could not be found";
        SegmentsTruncated = 8 => "segments_truncated", "more segments than are examined: alignments cover only those that were";
        ProbeMissed = 9 => "probe_missed", "a request that was missed because the kernel skipped its probes: they were already running on that CPU, or followed too many calls at a time";
        EventUndecodable = 10 => "event_undecodable", "an event this version cannot decode";
        RecordUnwritten = 11 => "record_unwritten", "a batch that could not be written to the recording";
        StackUnavailable = 12 => "stack_unavailable", "a call stack that could not be taken";
        BioMissed = 13 => "bio_missed", "a bio whose probe the kernel skipped: if it belonged to a request, that one has had more bios than its row says";
    }
}

impl LossCause {
    /// Whether counts stay exact when this happens: only the details of single requests are gone.
    #[must_use]
    pub const fn keeps_counts_exact(self) -> bool {
        match self {
            Self::DetailCapped
            | Self::DetailBufferFull
            | Self::CountersFull
            | Self::PathUnresolved
            | Self::StackUnavailable
            | Self::BioMissed => true,
            Self::InFlightFull
            | Self::CompletionUnpaired
            | Self::RequestUnfinished
            | Self::MemoryUnreadable
            | Self::SegmentsTruncated
            | Self::ProbeMissed
            | Self::EventUndecodable
            | Self::RecordUnwritten => false,
        }
    }
}
