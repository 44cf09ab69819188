//! The rules of a write that must reach the disk whole or not at all (`RWF_ATOMIC`, from 6.11).

use bytemuck::{Pod, Zeroable};

use crate::{
    rules::Geometry,
    verifier::{is_less, is_nonzero},
    words::{Reason, Reasons},
};

/// The sizes of atomic writes that a device and its filesystem offer, bytes; zeros where they are unknown.
///
/// Of a raw device `queue_limits.atomic_write_unit_min` and `_max`, of ext4 `s_awu_min` and
/// `s_awu_max`, of XFS one filesystem block and `xfs_get_atomic_write_max`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct AtomicUnits {
    /// Length of the shortest atomic write, bytes.
    pub min: u32,
    /// Length of the longest atomic write, bytes.
    pub max: u32,
}

/// The rules for atomic writes that a request breaks: its length is a power of two between the
/// smallest and the largest unit, its offset a multiple of that length, and its memory one segment.
///
/// Source: `generic_atomic_write_valid` (`fs/read_write.c`, from 6.11), which asks for `ITER_UBUF`;
/// `blkdev_dio_invalid` and `blkdev_direct_IO` (block/fops.c), `xfs_file_write_iter`,
/// `ext4_file_write_iter` for the units.
#[must_use]
#[inline(always)]
pub fn atomic_violations(geometry: &Geometry, units: AtomicUnits) -> Reasons {
    let length = geometry.length;
    // Without branches, which the verifier would follow one by one.
    let below = length.wrapping_sub(1);
    let no_power = is_nonzero(length & below);
    let too_long = is_nonzero(u64::from(units.max)) & is_less(u64::from(units.max), length);
    let too_short = is_less(length, u64::from(units.min));
    let bit = |reason: Reason, broken: u64| reason.bit() & (broken & 1).wrapping_neg() as u32;
    Reasons(
        bit(Reason::AtomicLength, no_power | too_long | too_short)
            | bit(
                Reason::AtomicOffset,
                is_nonzero(geometry.offset & below) & (no_power ^ 1),
            )
            | bit(
                Reason::AtomicSegments,
                is_less(1, u64::from(geometry.segment_count)),
            ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Segment;

    const UNITS: AtomicUnits = AtomicUnits {
        min: 4096,
        max: 65536,
    };

    fn broken(offset: u64, lengths: &[u64]) -> Reasons {
        let mut at = 0x1000;
        let segments = lengths.iter().map(|&length| {
            at += 0x100_0000;
            Segment {
                address: at,
                length,
            }
        });
        atomic_violations(&Geometry::fold(offset, segments, 0), UNITS)
    }

    #[test]
    fn a_power_of_two_in_its_natural_place_from_one_segment() {
        assert_eq!(broken(0, &[4096]), Reasons::NONE);
        assert_eq!(broken(65536, &[65536]), Reasons::NONE);
        assert_eq!(broken(16384, &[16384]), Reasons::NONE);
    }

    #[test]
    fn each_rule_has_its_reason() {
        assert_eq!(broken(0, &[12288]), Reasons::of(&[Reason::AtomicLength]));
        assert_eq!(broken(0, &[2048]), Reasons::of(&[Reason::AtomicLength]));
        assert_eq!(broken(0, &[131_072]), Reasons::of(&[Reason::AtomicLength]));
        assert_eq!(broken(4096, &[8192]), Reasons::of(&[Reason::AtomicOffset]));
        assert_eq!(
            broken(0, &[4096, 4096]),
            Reasons::of(&[Reason::AtomicSegments])
        );
    }

    #[test]
    fn unknown_units_are_no_limit() {
        let geometry = Geometry::single(
            0,
            Segment {
                address: 0,
                length: 1 << 20,
            },
        );
        assert_eq!(
            atomic_violations(&geometry, AtomicUnits::default()),
            Reasons::NONE
        );
    }
}
