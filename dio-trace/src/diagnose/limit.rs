//! The limit that a value misses, and who sets it.

use crate::model::{Limits, Reasons, Record, RuleSet};

/// Which limit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// The unit that the device addresses.
    LogicalBlockSize,
    /// What the device's DMA engine asks of memory.
    DmaAlignment,
    /// Where one bio may not have a gap in memory.
    VirtualBoundary,
}

impl LimitKind {
    /// Its name in sentences; sysfs has the same with underscores, in `/sys/block/DISK/queue`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogicalBlockSize => "logical block size",
            Self::DmaAlignment => "dma alignment",
            Self::VirtualBoundary => "virtual boundary",
        }
    }
}

/// A limit in force for one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Which.
    pub kind: LimitKind,
    /// Values must be multiples of this, bytes; a power of two.
    pub bytes: u32,
    /// Name or number of the device that sets it.
    pub disk: Option<String>,
}

impl Limit {
    /// The limit that `rule_set` applies to what `reason` (one bit) names; `None` where the
    /// record's limits are unknown.
    #[must_use]
    pub fn of(record: &Record, reason: Reasons, rule_set: RuleSet) -> Option<Self> {
        let limits = record.limits?;
        let kind = kind(reason, rule_set);
        Some(Self {
            kind,
            bytes: bytes(&limits, kind),
            disk: record
                .disk
                .as_deref()
                .map(str::to_owned)
                .or_else(|| record.device.map(|device| device.to_string())),
        })
    }

    /// The low bits that must be zero.
    #[must_use]
    pub const fn mask(&self) -> u64 {
        (self.bytes as u64).saturating_sub(1)
    }

    /// As `4096 (logical block size of nvme0n1)`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.disk {
            Some(disk) => format!("{} ({} of {disk})", self.bytes, self.kind.name()),
            None => format!("{} ({})", self.bytes, self.kind.name()),
        }
    }
}

fn kind(reason: Reasons, rule_set: RuleSet) -> LimitKind {
    match (reason, rule_set) {
        (Reasons::VIRT_BOUNDARY, _) => LimitKind::VirtualBoundary,
        (Reasons::MEMORY_ADDRESS, RuleSet::DmaAddress)
        | (
            Reasons::MEMORY_ADDRESS | Reasons::SEGMENT_LENGTH,
            RuleSet::DmaSegmentLate | RuleSet::DmaSegment,
        ) => LimitKind::DmaAlignment,
        _ => LimitKind::LogicalBlockSize,
    }
}

fn bytes(limits: &Limits, kind: LimitKind) -> u32 {
    match kind {
        LimitKind::LogicalBlockSize => limits.logical_block_size,
        LimitKind::DmaAlignment => limits.dma_alignment.saturating_add(1),
        LimitKind::VirtualBoundary => limits.virt_boundary_mask.saturating_add(1),
    }
}
