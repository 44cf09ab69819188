//! Limits: what a value must be a multiple of, and what sets it.

use dio_trace_ebpf::rules::OwnBlocks;

use crate::model::{Limits, Reason, Record, RuleSet, Verdict};

/// The kind of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// The unit that the device addresses.
    LogicalBlockSize,
    /// The alignment that the device's DMA engine requires of memory.
    DmaAlignment,
    /// The boundary that a gap in the memory of one bio must lie on.
    VirtualBoundary,
    /// The filesystem's own unit.
    FilesystemBlock,
}

impl LimitKind {
    /// Its name in sentences. sysfs has the same name with underscores, in `/sys/block/DISK/queue`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogicalBlockSize => "logical block size",
            Self::DmaAlignment => "dma alignment",
            Self::VirtualBoundary => "virtual boundary",
            Self::FilesystemBlock => "filesystem block size",
        }
    }
}

/// A limit in force for one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its kind.
    pub kind: LimitKind,
    /// Values must be multiples of this, bytes; a power of two.
    pub bytes: u32,
    /// Name or number of the device, or type of the filesystem, that sets it.
    pub owner: Option<String>,
}

impl Limit {
    /// The limit that `rule_set` applies to what `reason` names; `None` where the
    /// record's limits are unknown.
    #[must_use]
    pub fn of(record: &Record, reason: Reason, rule_set: RuleSet) -> Option<Self> {
        let limits = record.limits?;
        let kind = if is_block_rule(record) {
            LimitKind::FilesystemBlock
        } else {
            kind(reason, rule_set)
        };
        Some(Self {
            kind,
            bytes: bytes(&limits, kind),
            owner: owner(record, kind),
        })
    }

    /// The low bits that must be zero.
    #[must_use]
    pub const fn mask(&self) -> u64 {
        (self.bytes as u64).saturating_sub(1)
    }

    /// Its description, such as `4096 (logical block size of nvme0n1)`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.owner {
            Some(owner) => format!("{} ({} of {owner})", self.bytes, self.kind.name()),
            None => format!("{} ({})", self.bytes, self.kind.name()),
        }
    }
}

/// Whether the request was measured by the filesystem's block, as btrfs, f2fs and others do before
/// they choose the page cache (`check_direct_IO`, `f2fs_should_use_dio`).
pub(super) fn is_block_rule(record: &Record) -> bool {
    let Some(limits) = record.limits else {
        return false;
    };
    let explained = record.request.as_ref().map(|request| {
        dio_trace_ebpf::rules::deviations(&request.geometry, &limits) == record.reasons
    });
    let always_own_blocks = record
        .known_filesystem()
        .is_some_and(|filesystem| filesystem.own_blocks == OwnBlocks::Always);
    record.verdict == Verdict::Buffered
        && limits.filesystem_block_size > limits.logical_block_size
        && !explained.unwrap_or(!always_own_blocks)
}

fn owner(record: &Record, kind: LimitKind) -> Option<String> {
    if kind == LimitKind::FilesystemBlock {
        return record.filesystem.as_deref().map(str::to_owned);
    }
    let disk = record.disk.as_deref().map(str::to_owned);
    disk.or_else(|| record.device.map(|device| device.to_string()))
}

fn kind(reason: Reason, rule_set: RuleSet) -> LimitKind {
    match (reason, rule_set) {
        (Reason::VirtBoundary, _) => LimitKind::VirtualBoundary,
        (Reason::MemoryAddress, RuleSet::DmaAddress)
        | (
            Reason::MemoryAddress | Reason::SegmentLength,
            RuleSet::DmaSegmentLate | RuleSet::DmaSegment,
        ) => LimitKind::DmaAlignment,
        (Reason::MemoryAddress, RuleSet::LogicalBlock | RuleSet::Unknown)
        | (Reason::SegmentLength, RuleSet::LogicalBlock | RuleSet::DmaAddress | RuleSet::Unknown)
        | (
            Reason::TotalLength
            | Reason::FileOffset
            | Reason::AtomicLength
            | Reason::AtomicOffset
            | Reason::AtomicSegments,
            _,
        ) => LimitKind::LogicalBlockSize,
    }
}

fn bytes(limits: &Limits, kind: LimitKind) -> u32 {
    match kind {
        LimitKind::LogicalBlockSize => limits.logical_block_size,
        LimitKind::DmaAlignment => limits.dma_alignment.saturating_add(1),
        LimitKind::FilesystemBlock => limits.filesystem_block_size,
        LimitKind::VirtualBoundary => limits.virt_boundary_mask.saturating_add(1),
    }
}
