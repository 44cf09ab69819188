//! The alignment rules that the running kernel applies, derived from its BTF. Version numbers would
//! not do: stable trees and vendors backport these changes.

use crate::{
    kernel::machine::btf::KernelTypes,
    model::{Evidence, RuleSet},
};

/// The rule set in force, and the evidence for it.
#[must_use]
pub fn rule_set(types: &KernelTypes) -> (RuleSet, Vec<Evidence>) {
    let arguments = types
        .function("bio_iov_iter_get_pages")
        .map(|function| function.prototype.arguments);
    let aligned_check = types.function("iov_iter_is_aligned").is_some();
    let rule_set = by_marks(arguments, aligned_check);
    let meaning = match arguments {
        Some(4..) => {
            "segments are checked against dma_alignment while the bio is built (from 7.2 stable on)"
        }
        Some(3) => "segments are checked against dma_alignment when the bio is split (6.18 to 7.1)",
        Some(2) => "segments are checked before the bio is built (up to 6.17)",
        Some(_) => "no kernel that is known has so few: its rules cannot be named",
        None if aligned_check => "this function is not in the kernel's BTF",
        None => "this function is not in the kernel's BTF: its rules cannot be named",
    };
    let mut evidence = vec![Evidence {
        subject: "bio_iov_iter_get_pages arguments".to_owned(),
        found: arguments.map_or_else(|| "absent".to_owned(), |count| count.to_string()),
        meaning: meaning.to_owned(),
    }];
    if matches!(arguments, Some(2)) || aligned_check && arguments.is_none() {
        evidence.push(Evidence {
            subject: "iov_iter_is_aligned".to_owned(),
            found: if aligned_check { "present" } else { "absent" }.to_owned(),
            meaning: if aligned_check {
                "addresses are checked against dma_alignment (from 6.0)"
            } else {
                "addresses are checked against the logical block size (up to 5.19)"
            }
            .to_owned(),
        });
    }
    if types.function("__iomap_dio_read_simple").is_some() {
        evidence.push(Evidence {
            subject: "__iomap_dio_read_simple".to_owned(),
            found: "present".to_owned(),
            meaning: "small reads of XFS and ext4 bypass iomap_dio_rw (7.3)".to_owned(),
        });
    }
    (rule_set, evidence)
}

/// The rule set of a kernel whose `bio_iov_iter_get_pages` has so many arguments (2 up to 6.17, 3 up to
/// 7.1, 4 since, 5 in 7.4), with or without `iov_iter_is_aligned` (6.0 to 6.17). What fits no kernel that
/// is known has no rules that could be named: a wrong one would explain requests wrongly.
const fn by_marks(arguments: Option<u32>, aligned_check: bool) -> RuleSet {
    match (arguments, aligned_check) {
        (Some(4..), _) => RuleSet::DmaSegment,
        (Some(3), _) => RuleSet::DmaSegmentLate,
        (Some(2) | None, true) => RuleSet::DmaAddress,
        (Some(2), false) => RuleSet::LogicalBlock,
        (Some(0 | 1) | None, _) => RuleSet::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_shows_no_mark_is_unknown() {
        assert_eq!(by_marks(Some(2), false), RuleSet::LogicalBlock);
        assert_eq!(by_marks(Some(2), true), RuleSet::DmaAddress);
        assert_eq!(by_marks(Some(3), true), RuleSet::DmaSegmentLate);
        assert_eq!(by_marks(Some(4), false), RuleSet::DmaSegment);
        assert_eq!(by_marks(Some(5), false), RuleSet::DmaSegment);
        assert_eq!(by_marks(None, false), RuleSet::Unknown);
        assert_eq!(by_marks(Some(1), false), RuleSet::Unknown);
    }
}
