//! Which alignment rules the running kernel applies, by what its BTF shows. Version numbers do
//! not tell: stable trees and vendors move these changes about.

use crate::{
    kernel::machine::btf::KernelTypes,
    model::{Evidence, RuleSet},
};

/// The rule set in force, and why.
#[must_use]
pub fn rule_set(types: &KernelTypes) -> (RuleSet, Vec<Evidence>) {
    let arguments = types
        .function("bio_iov_iter_get_pages")
        .map(|function| function.prototype.arguments);
    let aligned_check = types.function("iov_iter_is_aligned").is_some();
    let rule_set = match (arguments, aligned_check) {
        (Some(4..), _) => RuleSet::DmaSegment,
        (Some(3), _) => RuleSet::DmaSegmentLate,
        (_, true) => RuleSet::DmaAddress,
        (_, false) => RuleSet::LogicalBlock,
    };
    let meaning = match arguments {
        Some(4..) => {
            "segments are checked against dma_alignment while the bio is built (7.3, 7.2 stable)"
        }
        Some(3) => "segments are checked against dma_alignment when the bio is split (6.18 to 7.1)",
        Some(_) => "segments are checked before the bio is built (up to 6.17)",
        None => "this function is not in the kernel's BTF",
    };
    let mut evidence = vec![Evidence {
        subject: "bio_iov_iter_get_pages arguments".to_owned(),
        found: arguments.map_or_else(|| "absent".to_owned(), |count| count.to_string()),
        meaning: meaning.to_owned(),
    }];
    if arguments.is_none_or(|count| count < 3) {
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
