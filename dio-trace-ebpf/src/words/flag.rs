//! Flags: facts about a request that are worth knowing in addition to its verdict.

sets! {
    /// Everything that is remarkable about a request: any number of [`Flag`]s.
    Flags of
    /// A fact about a request that is worth knowing in addition to its verdict.
    Flag {
        Short = 0 => "short", "fewer bytes than asked for, not at the end of the file or device";
        Late = 1 => "late", "it failed after bios had been submitted";
        Serialised = 2 => "serialised", "done directly, but the filesystem ran the write alone, because it covers part of a filesystem block";
        Unchecked = 3 => "unchecked", "done although it breaks a rule that applies, because nobody looked: the device may fail it or damage data";
        Copied = 4 => "copied", "bounced through kernel memory, so that the buffer's alignment did not matter";
        Probing = 5 => "probing", "one of the reads by which a program finds out the alignment: only the length or only the address changes, in powers of two, from a rejected attempt to the first that succeeds; shown apart, not a fault";
        EndOfFile = 6 => "end_of_file", "cut at the end of the file or device";
        Hole = 7 => "hole", "nothing was read from the disk (a hole, or an extent never written), so nobody looked at alignment";
        WouldBlock = 8 => "would_block", "EAGAIN to a caller that asked not to wait (RWF_NOWAIT): not a failure";
        Extends = 9 => "extends", "a write that the filesystem ran alone, because it extends the file";
        ReadModifyWrite = 10 => "read_modify_write", "a write that is not whole physical blocks: the disk reads the rest of them first";
        Atomic = 11 => "atomic", "a write that was to reach the disk whole or not at all (RWF_ATOMIC)";
    }
}

impl Flag {
    /// Whether an aligned request with this flag is captured one by one; others are only counted, in a
    /// row of their own kind. A flag that follows from the place of a request or from its disk would
    /// otherwise have every request of some programs sent.
    #[must_use]
    pub const fn is_captured(self) -> bool {
        match self {
            Self::Short | Self::Late | Self::Serialised | Self::Unchecked | Self::Copied => true,
            Self::Probing
            | Self::EndOfFile
            | Self::Hole
            | Self::WouldBlock
            | Self::Extends
            | Self::ReadModifyWrite
            | Self::Atomic => false,
        }
    }
}

impl Flags {
    /// The flags for which an aligned request is captured one by one ([`Flag::is_captured`]).
    pub const CAPTURED: Self = {
        let mut set = Self::NONE;
        let mut flags = Flag::ALL;
        while let [flag, rest @ ..] = flags {
            set = set.with_if(*flag, flag.is_captured());
            flags = rest;
        }
        set
    };
}
