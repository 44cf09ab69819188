//! The question of a forecast: which kernel or disk, and the fate of one record there.

use std::str::FromStr;

use dio_trace_ebpf::rules::violations;

use crate::model::{Flag, Limits, Reason, Reasons, Record, RuleSet, Verdict};

/// Another kernel, another disk, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// Rule set of that kernel; `None` for that of the recording.
    pub rule_set: Option<RuleSet>,
    /// Logical block size of that disk, bytes.
    pub logical_block_size: Option<u32>,
    /// Dma alignment of that disk, bytes.
    pub dma_alignment: Option<u32>,
}

impl FromStr for WhatIf {
    type Err = String;

    /// Reads any of `kernel=V,lbs=N,dma=N`: a version such as 5.10 or a rule set, and bytes.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut what_if = Self::default();
        for part in text.split(',') {
            match part.split_once('=') {
                Some(("kernel", value)) => what_if.rule_set = Some(kernel(value)?),
                Some(("lbs", value)) => what_if.logical_block_size = Some(bytes(value)?),
                Some(("dma", value)) => what_if.dma_alignment = Some(bytes(value)?),
                _ => {
                    return Err(format!(
                        "{part:?}: write kernel=5.10 (or a rule set), lbs=4096 (logical block \
                         size) or dma=512 (dma alignment), separated by commas"
                    ));
                }
            }
        }
        Ok(what_if)
    }
}

fn kernel(value: &str) -> Result<RuleSet, String> {
    if let Some(rule_set) = RuleSet::from_word(value) {
        return Ok(rule_set);
    }
    let mut numbers = value.split(['.', '-']).map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        let names: Vec<_> = RuleSet::KNOWN.iter().map(|one| one.word()).collect();
        return Err(format!(
            "{value:?}: write a version such as 6.12, or one of {}",
            names.join(", ")
        ));
    };
    Ok(match (major, minor) {
        (..=5, _) => RuleSet::LogicalBlock,
        (6, ..=17) => RuleSet::DmaAddress,
        (6, _) | (7, ..=1) => RuleSet::DmaSegmentLate,
        _ => RuleSet::DmaSegment,
    })
}

fn bytes(value: &str) -> Result<u32, String> {
    let bytes: u32 = value
        .parse()
        .map_err(|_| format!("{value:?} is not a number of bytes"))?;
    if bytes.is_power_of_two() && bytes <= 65_536 {
        Ok(bytes)
    } else {
        Err(format!(
            "{bytes} is not an alignment: write a power of two up to 65536, such as 512 or 4096"
        ))
    }
}

impl WhatIf {
    /// The limits of that disk: those that were not given stay as recorded.
    #[must_use]
    pub fn limits(&self, limits: Limits) -> Limits {
        Limits {
            logical_block_size: self.logical_block_size.unwrap_or(limits.logical_block_size),
            dma_alignment: self
                .dma_alignment
                .map_or(limits.dma_alignment, |bytes| bytes - 1),
            ..limits
        }
    }

    /// The fate of a record's requests, and its reasons.
    #[must_use]
    pub fn judge(&self, record: &Record, kernel: RuleSet) -> (Fate, Reasons) {
        let rejected_now = record.verdict == Verdict::Rejected;
        let Some(limits) = record
            .limits
            .filter(|limits| limits.logical_block_size != 0)
        else {
            return (Fate::AsBefore, Reasons::NONE);
        };
        if matches!(record.verdict, Verdict::Buffered | Verdict::Failed) {
            return (Fate::AsBefore, Reasons::NONE);
        }
        let there = self.limits(limits);
        let Some(request) = &record.request else {
            // What is aligned to the block is aligned to everything that is not larger.
            let covered = there.logical_block_size <= limits.logical_block_size
                && there.dma_alignment < limits.logical_block_size;
            let aligned = record.verdict == Verdict::Aligned && covered;
            return (
                if aligned {
                    Fate::AsBefore
                } else {
                    Fate::Unknown
                },
                Reasons::NONE,
            );
        };
        let mut broken = violations(
            &request.looked_at(),
            &there,
            self.rule_set.unwrap_or(kernel),
        );
        if record.flags.contains(Flag::Copied) {
            broken = broken.without(Reasons::of(&[
                Reason::MemoryAddress,
                Reason::SegmentLength,
                Reason::VirtBoundary,
            ]));
        }
        let fate = match (rejected_now, broken.is_empty()) {
            (false, false) => Fate::Breaks,
            (true, true) => Fate::Mends,
            _ => Fate::AsBefore,
        };
        (fate, broken)
    }
}

/// The fate of requests there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Works here, would be rejected there.
    Breaks,
    /// Is rejected here, would work there.
    Mends,
    /// The same here and there.
    AsBefore,
    /// Unknown, because it was only counted.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_names_are_understood() {
        let of = |text: &str| text.parse::<WhatIf>().map(|one| one.rule_set);
        assert_eq!(of("kernel=5.10"), Ok(Some(RuleSet::LogicalBlock)));
        assert_eq!(of("kernel=6.12.117-deb"), Ok(Some(RuleSet::DmaAddress)));
        assert_eq!(of("kernel=6.18"), Ok(Some(RuleSet::DmaSegmentLate)));
        assert_eq!(of("kernel=7.3"), Ok(Some(RuleSet::DmaSegment)));
        assert_eq!(of("kernel=dma-address"), Ok(Some(RuleSet::DmaAddress)));
        for wrong in ["", "kernel=new", "lbs=100", "dma=x", "size=4"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
