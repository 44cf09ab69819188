//! Portability: the kernels and disks on which a request would work.

use dio_trace_ebpf::rules::violations;

use crate::{
    diagnose::kernels::kernels_of,
    model::{Engine, Flag, Geometry, Limits, Record, RuleSet, Verdict},
};

/// Kernels and disks on which a request would be accepted or rejected, by the rules of the engine that
/// carried it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portability {
    /// Rule sets of kernels that would accept it on the present limits.
    pub accepted: Vec<RuleSet>,
    /// Rule sets of kernels that would reject it on the present limits.
    pub rejected: Vec<RuleSet>,
    /// Smallest common dma alignment, in bytes, with which the present kernel would reject it;
    /// `None` where it already rejects it, or never does for that.
    pub dma_alignment: Option<u32>,
    /// Smallest common logical block size, in bytes, with which the present kernel would reject it;
    /// likewise.
    pub logical_block_size: Option<u32>,
    /// The portability in one sentence, without a full stop.
    pub sentence: String,
}

/// `kernel` is the common rule set of the kernel that it was recorded on.
pub(super) fn portability(record: &Record, kernel: RuleSet) -> Option<Portability> {
    let limits = record.limits?;
    let geometry = record.request.as_ref()?.looked_at();
    // Version 1 does not say: nearly all engines have the kernel's common rules.
    let engine = record.engine.unwrap_or(Engine::Iomap);
    if !engine.has_rules() || kernel == RuleSet::Unknown {
        return None;
    }
    let breaks = |limits: &Limits, rule_set| breaks(&geometry, limits, engine, rule_set);
    let (rejected, accepted): (Vec<_>, Vec<_>) = RuleSet::KNOWN
        .iter()
        .partition(|rule_set| breaks(&limits, **rule_set));
    let holds_now = accepted.contains(&kernel);
    let dma_alignment = [512, 4096].into_iter().find(|bytes| {
        let stricter = Limits {
            dma_alignment: bytes - 1,
            ..limits
        };
        holds_now && bytes - 1 > limits.dma_alignment && breaks(&stricter, kernel)
    });
    let logical_block_size = [512, 4096].into_iter().find(|bytes| {
        let stricter = Limits {
            logical_block_size: *bytes,
            ..limits
        };
        holds_now && *bytes > limits.logical_block_size && breaks(&stricter, kernel)
    });
    let sentence = match record.verdict {
        Verdict::Rejected => rejected_here(&accepted),
        Verdict::Failed => elsewhere("failed here", &rejected, dma_alignment, logical_block_size),
        Verdict::Buffered => elsewhere(
            "buffered here",
            &rejected,
            dma_alignment,
            logical_block_size,
        ),
        Verdict::Aligned | Verdict::Accepted if holds_now => elsewhere(
            "accepted here",
            &rejected,
            dma_alignment,
            logical_block_size,
        ),
        Verdict::Aligned | Verdict::Accepted => unlooked(record, kernel, &rejected),
    };
    Some(Portability {
        accepted,
        rejected,
        dma_alignment,
        logical_block_size,
        sentence,
    })
}

fn breaks(geometry: &Geometry, limits: &Limits, engine: Engine, kernel: RuleSet) -> bool {
    !violations(geometry, limits, engine.rule_set(kernel)).is_empty()
}

fn rejected_here(accepted: &[RuleSet]) -> String {
    match kernels_of(accepted) {
        none if none.is_empty() => "rejected here, and on every kernel on such a disk".to_owned(),
        kernels => format!("rejected here; accepted on such a disk by kernels {kernels}"),
    }
}

/// The sentence for a request that was done although it breaks the rule in force on the file's own
/// device: nothing checked it, or a disk below that requires less.
fn unlooked(record: &Record, kernel: RuleSet, rejected: &[RuleSet]) -> String {
    let checked_by = record
        .request
        .as_ref()
        .and_then(|request| request.checked_by.as_deref());
    let others: Vec<RuleSet> = rejected
        .iter()
        .copied()
        .filter(|one| *one != kernel)
        .collect();
    let here = if record.flags.contains(Flag::Hole) {
        "accepted here in a hole; this kernel rejects the same read of data".to_owned()
    } else if record.flags.contains(Flag::EndOfFile) {
        "accepted here past the end of the file, where this kernel cuts it".to_owned()
    } else if record.flags.contains(Flag::Unchecked) {
        "accepted here only because nothing checked it".to_owned()
    } else if let Some(disk) = checked_by {
        format!("accepted here by {disk}, which requires less")
    } else {
        "accepted here without a check".to_owned()
    };
    match kernels_of(&others) {
        none if none.is_empty() => here,
        kernels => format!("{here}; rejected by kernels {kernels}"),
    }
}

fn elsewhere(
    here: &str,
    rejected: &[RuleSet],
    dma_alignment: Option<u32>,
    logical_block_size: Option<u32>,
) -> String {
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
