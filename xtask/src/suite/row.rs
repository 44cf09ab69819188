//! A row of a recording, as printed by `dio-trace report --format jsonl`; only the fields that are
//! checked.

use dio_trace_ebpf::{
    rules::Segment,
    words::{Interface, Operation, Verdict},
};
use serde::Deserialize;

use crate::workload::answer::Placed;

/// One line.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Row {
    pub(super) count: u64,
    pub(super) bytes: u64,
    pub(super) pid: u32,
    pub(super) tid: Option<u32>,
    pub(super) comm: String,
    pub(super) operation: Operation,
    pub(super) interface: Interface,
    pub(super) disk: Option<String>,
    pub(super) path: Option<String>,
    pub(super) offset: Option<u64>,
    pub(super) length: Option<u64>,
    pub(super) segments: Option<Vec<Placed>>,
    pub(super) memory_alignment: Option<u32>,
    pub(super) length_alignment: Option<u32>,
    pub(super) logical_block_size: Option<u32>,
    pub(super) dma_alignment: Option<u32>,
    pub(super) result: Option<i64>,
    pub(super) filesystem: Option<String>,
    pub(super) verdict: Verdict,
    #[serde(default)]
    pub(super) reasons: Vec<String>,
    #[serde(default)]
    pub(super) flags: Vec<String>,
}

impl Row {
    /// Whether it has this flag.
    pub(super) fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|word| word == flag)
    }

    /// Whether it has this reason.
    pub(super) fn has_reason(&self, reason: &str) -> bool {
        self.reasons.iter().any(|word| word == reason)
    }

    /// Its segments, empty in an aggregate.
    pub(super) fn segments(&self) -> Vec<Segment> {
        self.segments
            .iter()
            .flatten()
            .map(|&placed| placed.into())
            .collect()
    }
}
