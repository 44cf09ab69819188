//! A request before it is issued.

use dio_trace_ebpf::words::Operation;

use super::Call;

/// A segment, placed relative to the arena's start, which is aligned to 2 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Bytes from the arena's start.
    pub(crate) delta: u64,
    /// Bytes.
    pub(crate) length: u64,
}

/// A request to issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) call: Call,
    pub(crate) operation: Operation,
    /// Position in the target, bytes.
    pub(crate) offset: u64,
    pub(crate) pieces: Vec<Piece>,
    /// A description of what is special about it.
    pub(crate) shape: String,
}

impl Request {
    pub(crate) fn is_write(&self) -> bool {
        self.operation == Operation::Write
    }

    /// Bytes asked for.
    pub(crate) fn length(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.length).sum()
    }
}
