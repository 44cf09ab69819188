//! The printed line of each request.

use dio_trace_ebpf::{
    rules::Segment,
    words::{Interface, Operation},
};
use serde::{Deserialize, Serialize};

use super::Call;

/// A request and the kernel's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Number of the request within one run.
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
    /// Bytes done or a negative errno; absent where nobody waited for it.
    pub(crate) result: Option<i64>,
    pub(crate) pid: u32,
    pub(crate) tid: u32,
    /// The way in which the result was reported.
    pub(crate) reported: Option<Reported>,
    /// Whether the right bytes were moved and nothing around them changed; absent where that was
    /// not checked.
    pub(crate) data_ok: Option<bool>,
    /// Whether the bytes that were read are in the page cache afterwards, and were not before: then
    /// the page cache served them. Only for reads.
    pub(crate) cached: Option<bool>,
    /// A description of what is special about the request.
    pub(crate) shape: String,
}

/// A segment with its real address.
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

/// The way in which a result is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reported {
    /// By the system call that asked.
    Submission,
    /// By an event afterwards.
    Completion,
}
