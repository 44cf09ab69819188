//! The alignments that a program can rely on for one path.

use serde::Serialize;

/// Alignments for a program, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Alignment {
    /// Alignment of buffers.
    pub memory: u32,
    /// Alignment of offsets and lengths.
    pub block: u32,
    /// Alignment for all of these that also works on other kernels and disks, and is never serialised.
    pub safe: u32,
}
