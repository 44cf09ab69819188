//! Generations of direct I/O alignment checks.

sets! {
    /// Some of the rule sets, such as those under which a request would be accepted.
    RuleSets of
    /// A generation of direct I/O alignment checks, chosen by what the running kernel's BTF shows,
    /// never by its version number.
    RuleSet {
        LogicalBlock = 0 => "logical-block", "kernels up to 5.19, and always filesystems on __blockdev_direct_IO: everything must be a multiple of the logical block size";
        DmaAddress = 1 => "dma-address", "kernels 6.0 to 6.17: addresses need only the dma alignment";
        DmaSegmentLate = 2 => "dma-segment-late", "kernels 6.18 to 7.1: addresses and segment lengths need only the dma alignment, checked when the bio is split";
        DmaSegment = 3 => "dma-segment", "kernels from 7.2 stable: the same alignment, checked when the bio is built";
        Unknown = 4 => "unknown", "this kernel shows none of the features by which the others are recognised, so no rule can be named";
    }
}

impl RuleSet {
    /// The rule sets whose rules are known, oldest kernels first.
    pub const KNOWN: &'static [Self] = &[
        Self::LogicalBlock,
        Self::DmaAddress,
        Self::DmaSegmentLate,
        Self::DmaSegment,
    ];
}
