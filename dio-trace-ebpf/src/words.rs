//! The vocabulary: one name for one thing, in the kernel, the recording, the command line and the
//! screen. The numeric values are part of the ABI and of nothing else; text is what recordings
//! store.

/// Declares an enumeration whose variants have a fixed number and a fixed word.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $value:literal => $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vmeta])* $variant = $value,)+ }

        impl $name {
            /// Every variant, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word used on the command line, in recordings and on the screen.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The variant with this number, if there is one.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($value => Some(Self::$variant),)+ _ => None }
            }

            /// The variant with this word, if there is one.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.word())
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Word;
                impl serde::de::Visitor<'_> for Word {
                    type Value = $name;

                    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        f.write_str(concat!("one of", $(" ", $word),+))
                    }

                    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<$name, E> {
                        $name::from_word(word).ok_or_else(|| E::unknown_variant(word, &[$($word,)+]))
                    }
                }
                deserializer.deserialize_str(Word)
            }
        }
    };
}

/// Declares a set of named bits.
macro_rules! bits {
    ($(#[$meta:meta])* $name:ident { $($(#[$bmeta:meta])* $bit:ident = $shift:literal => $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub u32);

        impl $name {
            $($(#[$bmeta])* pub const $bit: Self = Self(1 << $shift);)+

            /// Every single bit with its word, lowest first.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$bit, $word),)+];

            /// The empty set.
            pub const NONE: Self = Self(0);

            /// Whether no bit is set.
            #[must_use]
            pub const fn is_empty(self) -> bool { self.0 == 0 }

            /// Whether every bit of `other` is set.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool { self.0 & other.0 == other.0 }

            /// The union of both sets.
            #[must_use]
            pub const fn with(self, other: Self) -> Self { Self(self.0 | other.0) }

            /// The union with `other` where `condition` holds, else `self`.
            #[must_use]
            pub const fn with_if(self, other: Self, condition: bool) -> Self {
                if condition { self.with(other) } else { self }
            }

            /// The words of the bits that are set, lowest first.
            pub fn words(self) -> impl Iterator<Item = &'static str> {
                Self::ALL.iter().filter(move |(bit, _)| self.contains(*bit)).map(|(_, word)| *word)
            }

            /// The single bit with this word, if there is one.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().find(|(_, known)| *known == word).map(|(bit, _)| *bit)
            }
        }
    };
}

words! {
    /// What became of a direct request. Exactly one holds for each request.
    Verdict {
        /// Address, every segment length and offset are multiples of the logical block size, and
        /// it was done directly: it would work under every rule set.
        Aligned = 0 => "aligned",
        /// Misaligned by that measure, yet done directly (misaligned-but-accepted).
        Accepted = 1 => "accepted",
        /// `O_DIRECT` was asked for, the page cache served all or part of it.
        Buffered = 2 => "buffered",
        /// Failed, and it breaks a rule in force on this kernel, device and filesystem.
        Rejected = 3 => "rejected",
        /// Failed for a reason that is not alignment.
        Failed = 4 => "failed",
    }
}

words! {
    /// Direction of the transfer, seen from the program.
    Operation {
        /// From the file into memory.
        Read = 0 => "read",
        /// From memory into the file.
        Write = 1 => "write",
    }
}

words! {
    /// How the request came into the kernel.
    Interface {
        /// A system call that waits: `read`, `pread64`, `readv`, `preadv2` and their write twins.
        Sync = 0 => "sync",
        /// `io_submit` (libaio).
        Aio = 1 => "aio",
        /// `io_uring`, whichever thread issued it.
        IoUring = 2 => "io_uring",
        /// Another part of the kernel: a loop device, overlayfs, nvmet, a network filesystem server.
        Kernel = 3 => "kernel",
    }
}

words! {
    /// A generation of direct I/O alignment checks, chosen by what the running kernel's BTF shows,
    /// never by its version number.
    RuleSet {
        /// Up to 5.19, and legacy `__blockdev_direct_IO` filesystems always: everything a multiple
        /// of the logical block size.
        LogicalBlock = 0 => "logical-block",
        /// 6.0 to 6.17: addresses relaxed to the dma alignment.
        DmaAddress = 1 => "dma-address",
        /// 6.18 to 7.1: addresses and lengths relaxed to the dma alignment, checked in bio splitting.
        DmaSegmentLate = 2 => "dma-segment-late",
        /// 7.3 and 7.2 stable: the same alignment, checked when the bio is built.
        DmaSegment = 3 => "dma-segment",
    }
}

bits! {
    /// What about a request is misaligned.
    Reasons {
        /// A segment's memory address.
        MEMORY_ADDRESS = 0 => "memory_address",
        /// A segment's length.
        SEGMENT_LENGTH = 1 => "segment_length",
        /// The length of the whole request.
        TOTAL_LENGTH = 2 => "total_length",
        /// The position in the file or device.
        FILE_OFFSET = 3 => "file_offset",
        /// A gap between segments that the device's virtual boundary forbids.
        VIRT_BOUNDARY = 4 => "virt_boundary",
    }
}

bits! {
    /// What else is worth knowing about a request, beside its verdict.
    Flags {
        /// Fewer bytes than asked for, not at end of file.
        SHORT = 0 => "short",
        /// The error came at completion, after bios were submitted.
        LATE = 1 => "late",
        /// Accepted, but the filesystem ran it under an exclusive lock.
        SERIALISED = 2 => "serialised",
        /// Accepted although it breaks the rule in force, because this kernel skips the check there.
        UNCHECKED = 3 => "unchecked",
        /// Bounced through kernel memory, so alignment of the buffer did not matter.
        COPIED = 4 => "copied",
        /// One of a burst of shrinking attempts at one offset by one thread.
        PROBING = 5 => "probing",
        /// Reached the end of the file or device: the length was cut there.
        END_OF_FILE = 6 => "end_of_file",
    }
}

words! {
    /// Why something was lost. Causes from `detail_capped` to `detail_buffer_full` lose single
    /// requests' details, never counts; the others say which numbers are not exact.
    LossCause {
        /// A process issued more misaligned requests than its share of details; they are counted.
        DetailCapped = 0 => "detail_capped",
        /// The ring buffer was full: the request is counted, its details are not.
        DetailBufferFull = 1 => "detail_buffer_full",
        /// More requests in flight than the table holds: the request was not followed.
        InFlightFull = 2 => "in_flight_full",
        /// More processes and files than the counting table holds: counted without file or process.
        CountersFull = 3 => "counters_full",
        /// A completion whose submission was not seen.
        CompletionUnpaired = 4 => "completion_unpaired",
        /// A request whose end was never seen.
        RequestUnfinished = 5 => "request_unfinished",
        /// Kernel or user memory that could not be read: the request's shape is not fully known.
        MemoryUnreadable = 6 => "memory_unreadable",
        /// A path that could not be taken.
        PathUnresolved = 7 => "path_unresolved",
        /// More segments than are examined: alignments cover only those looked at.
        SegmentsTruncated = 8 => "segments_truncated",
        /// A request that was missed, because the kernel skipped the probes that would have seen it: they
        /// were at work on that CPU already, or followed too many calls at a time.
        ProbeMissed = 9 => "probe_missed",
        /// An event this version cannot decode.
        EventUndecodable = 10 => "event_undecodable",
        /// A batch that could not be written to the recording.
        RecordUnwritten = 11 => "record_unwritten",
        /// A call stack that could not be taken.
        StackUnavailable = 12 => "stack_unavailable",
        /// A bio whose probe the kernel skipped: `bios` of its request is too low, if it was that of a
        /// request at all.
        BioMissed = 13 => "bio_missed",
    }
}

impl Verdict {
    /// The two verdicts that a healthy program never causes.
    #[must_use]
    pub const fn is_trouble(self) -> bool {
        matches!(self, Self::Buffered | Self::Rejected)
    }
}

impl LossCause {
    /// Whether counts stay exact when this happens: only the details of single requests are gone.
    #[must_use]
    pub const fn keeps_counts_exact(self) -> bool {
        matches!(
            self,
            Self::DetailCapped
                | Self::DetailBufferFull
                | Self::CountersFull
                | Self::PathUnresolved
                | Self::StackUnavailable
                | Self::BioMissed
        )
    }
}
