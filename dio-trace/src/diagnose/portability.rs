//! Where else a request would work.

use dio_trace_ebpf::rules::violations;

use crate::{
    diagnose::kernels::kernels_of,
    model::{Geometry, Limits, Record, RuleSet, Verdict},
};

/// Kernels and disks on which a request would be accepted or rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portability {
    /// Rule sets that would accept it on the present limits.
    pub accepted: Vec<RuleSet>,
    /// Rule sets that would reject it on the present limits.
    pub rejected: Vec<RuleSet>,
    /// Smallest common dma alignment, bytes, on which the present kernel would reject it; `None`
    /// where it rejects it already, or never for that.
    pub dma_alignment: Option<u32>,
    /// Smallest common logical block size, bytes, on which the present kernel would reject it,
    /// likewise.
    pub logical_block_size: Option<u32>,
    /// All of it in one sentence, without a full stop.
    pub sentence: String,
}

pub(super) fn portability(record: &Record, kernel: RuleSet) -> Option<Portability> {
    let limits = record.limits?;
    let geometry = record.request.as_ref()?.geometry;
    let (accepted, rejected): (Vec<_>, Vec<_>) = RuleSet::ALL
        .iter()
        .partition(|rule_set| violations(&geometry, &limits, **rule_set).is_empty());
    let holds_now = accepted.contains(&kernel);
    let dma_alignment = [512, 4096].into_iter().find(|bytes| {
        let stricter = Limits {
            dma_alignment: bytes - 1,
            ..limits
        };
        holds_now && bytes - 1 > limits.dma_alignment && breaks(&geometry, &stricter, kernel)
    });
    let logical_block_size = [512, 4096].into_iter().find(|bytes| {
        let stricter = Limits {
            logical_block_size: *bytes,
            ..limits
        };
        holds_now && *bytes > limits.logical_block_size && breaks(&geometry, &stricter, kernel)
    });
    let sentence = sentence(
        record.verdict,
        &accepted,
        &rejected,
        dma_alignment,
        logical_block_size,
    );
    Some(Portability {
        accepted,
        rejected,
        dma_alignment,
        logical_block_size,
        sentence,
    })
}

fn breaks(geometry: &Geometry, limits: &Limits, rule_set: RuleSet) -> bool {
    !violations(geometry, limits, rule_set).is_empty()
}

fn sentence(
    verdict: Verdict,
    accepted: &[RuleSet],
    rejected: &[RuleSet],
    dma_alignment: Option<u32>,
    logical_block_size: Option<u32>,
) -> String {
    let here = match verdict {
        Verdict::Rejected => "rejected here",
        Verdict::Failed => "failed here",
        Verdict::Buffered => "buffered here",
        Verdict::Aligned | Verdict::Accepted => "accepted here",
    };
    if verdict == Verdict::Rejected {
        return match kernels_of(accepted) {
            none if none.is_empty() => format!("{here}, and on every kernel on such a disk"),
            kernels => format!("{here}; accepted on such a disk by kernels {kernels}"),
        };
    }
    let mut elsewhere = Vec::new();
    if !rejected.is_empty() {
        elsewhere.push(format!("kernels {}", kernels_of(rejected)));
    }
    let disks: Vec<String> = [
        dma_alignment.map(|bytes| format!("{bytes}-byte dma alignment")),
        logical_block_size.map(|bytes| format!("{bytes}-byte logical blocks")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !disks.is_empty() {
        elsewhere.push(format!("disks with {}", disks.join(" or ")));
    }
    if elsewhere.is_empty() {
        format!("{here}, and on every kernel and usual disk")
    } else {
        format!("{here}; rejected by {}", elsewhere.join(", and by "))
    }
}
