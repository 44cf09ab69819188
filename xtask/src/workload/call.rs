//! The ways in which a program can ask for direct I/O.

use clap::ValueEnum;
use dio_trace_ebpf::words::Interface;
use serde::{Deserialize, Serialize};

/// One way into the kernel.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    /// `lseek` and `read` or `write`.
    Read,
    /// `pread64` or `pwrite64`.
    Pread,
    /// `pread64` or `pwrite64` by another thread than the first one of the process.
    PreadThread,
    /// `lseek` and `readv` or `writev`.
    Readv,
    /// `preadv` or `pwritev`.
    Preadv,
    /// `preadv2` or `pwritev2`.
    Preadv2,
    /// libaio `IOCB_CMD_PREAD` or `PWRITE`.
    Aio,
    /// libaio `IOCB_CMD_PREADV` or `PWRITEV`.
    AioVectored,
    /// libaio, with another thread waiting for the result.
    AioReaper,
    /// `io_uring` `READ` or `WRITE`.
    Ring,
    /// `io_uring` `READV` or `WRITEV`.
    RingVectored,
    /// `io_uring` `READ_FIXED` or `WRITE_FIXED`, into registered memory.
    RingFixed,
    /// `io_uring` with a kernel thread that polls for submissions.
    RingPolled,
    /// `io_uring` with `IOSQE_ASYNC`: issued by a worker from the start.
    RingWorker,
    /// `io_uring`, linked after another operation.
    RingLinked,
}

impl Call {
    /// The calls that take one buffer, by interface.
    pub(crate) const SINGLE: [&[Self]; 3] = [
        &[
            Self::Pread,
            Self::Read,
            Self::PreadThread,
            Self::Preadv,
            Self::Preadv2,
            Self::Readv,
        ],
        &[Self::Aio, Self::AioReaper, Self::AioVectored],
        &[
            Self::Ring,
            Self::RingFixed,
            Self::RingPolled,
            Self::RingWorker,
            Self::RingLinked,
            Self::RingVectored,
        ],
    ];

    /// The calls that take many buffers, by interface.
    pub(crate) const VECTORED: [&[Self]; 3] = [
        &[Self::Preadv, Self::Readv, Self::Preadv2],
        &[Self::AioVectored],
        &[Self::RingVectored],
    ];

    /// The interface that a trace shows.
    pub(crate) const fn interface(self) -> Interface {
        match self {
            Self::Read
            | Self::Pread
            | Self::PreadThread
            | Self::Readv
            | Self::Preadv
            | Self::Preadv2 => Interface::Sync,
            Self::Aio | Self::AioVectored | Self::AioReaper => Interface::Aio,
            _ => Interface::IoUring,
        }
    }

    /// Whether it takes more than one buffer.
    #[cfg(test)]
    pub(crate) const fn is_vectored(self) -> bool {
        matches!(
            self,
            Self::Readv | Self::Preadv | Self::Preadv2 | Self::AioVectored | Self::RingVectored
        )
    }

    /// Whether it uses the position of the open file.
    pub(crate) const fn seeks(self) -> bool {
        matches!(self, Self::Read | Self::Readv)
    }

    /// Whether the issuing thread is known. `io_uring` has workers and pollers, and gives a request
    /// to a worker at once if the file would have to wait.
    pub(crate) const fn thread_is_known(self) -> bool {
        !matches!(self.interface(), Interface::IoUring)
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            self.to_possible_value()
                .as_ref()
                .map_or("", |value| value.get_name()),
        )
    }
}
