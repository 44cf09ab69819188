//! What is printed of each request.

use dio_trace_ebpf::{
    rules::Segment,
    words::{Interface, Operation},
};
use serde::{Deserialize, Serialize};

use super::Call;

/// What was asked and what the kernel answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Counts up within one run.
    pub(crate) id: u64,
    pub(crate) call: Call,
    pub(crate) interface: Interface,
    pub(crate) operation: Operation,
    pub(crate) path: String,
    /// Position in the target, bytes.
    pub(crate) offset: u64,
    /// Bytes asked for.
    pub(crate) length: u64,
    pub(crate) segments: Vec<Placed>,
    /// Bytes done or negative errno; absent where nobody waited for it.
    pub(crate) result: Option<i64>,
    pub(crate) pid: u32,
    pub(crate) tid: u32,
    /// How the result was told.
    pub(crate) reported: Option<Reported>,
    /// Whether the bytes moved are the right ones and nothing beside them changed; absent where
    /// that was not looked at.
    pub(crate) data_ok: Option<bool>,
    /// Whether the bytes read lay in the page cache afterwards, where they had not been before:
    /// the page cache served them. Only for reads.
    pub(crate) cached: Option<bool>,
    /// What is special about the request, for people.
    pub(crate) shape: String,
}

/// A segment where it really was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placed {
    pub(crate) address: u64,
    pub(crate) length: u64,
}

impl From<Placed> for Segment {
    fn from(placed: Placed) -> Self {
        Self {
            address: placed.address,
            length: placed.length,
        }
    }
}

/// How a result is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reported {
    /// By the system call that asked.
    Submission,
    /// By an event afterwards.
    Completion,
}
