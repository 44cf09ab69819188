//! Verdict, direction and interface of a request.

words! {
    /// The fate of a direct request. Each request has exactly one.
    Verdict {
        Aligned = 0 => "aligned", "address, every segment length, total length and offset are multiples of the logical block size (and of the dma alignment where that is coarser), and it was done directly: it would work under every rule set";
        Accepted = 1 => "accepted", "misaligned by that measure, yet done directly: it may fail on another kernel or disk";
        Buffered = 2 => "buffered", "O_DIRECT was asked for, but the page cache served all or part of it";
        Rejected = 3 => "rejected", "failed, and it breaks a rule in force on this kernel, device and filesystem";
        Failed = 4 => "failed", "failed for a reason that is not alignment";
    }
}

words! {
    /// Direction of the transfer, seen from the program.
    Operation {
        Read = 0 => "read", "from the file into memory";
        Write = 1 => "write", "from memory into the file";
    }
}

words! {
    /// The way on which a request came into the kernel.
    Interface {
        Sync = 0 => "sync", "a system call that waits for the result: read, pread64, readv, preadv2, or the same for writing";
        Aio = 1 => "aio", "io_submit (libaio)";
        IoUring = 2 => "io_uring", "io_uring, whichever thread issued the request";
        Kernel = 3 => "kernel", "another part of the kernel, such as a loop device, overlayfs or a network file server";
    }
}

impl Verdict {
    /// The two verdicts that a healthy program never causes.
    #[must_use]
    pub const fn is_trouble(self) -> bool {
        match self {
            Self::Buffered | Self::Rejected => true,
            Self::Aligned | Self::Accepted | Self::Failed => false,
        }
    }
}
