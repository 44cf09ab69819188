//! The verdict on one finished request. It always follows from what happened; the rules only
//! explain it.

use crate::{
    rules::{Geometry, Limits, deviations, violations},
    verifier::forget,
    words::{Flags, Reasons, RuleSet, Verdict},
};

const EIO: i64 = 5;
const EINVAL: i64 = 22;

/// Which code in the kernel carried a request, as far as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Route {
    /// Refused or served before any direct I/O engine was entered.
    None = 0,
    /// `iomap_dio_rw`, `__iomap_dio_rw` or `__iomap_dio_read_simple`.
    Iomap = 1,
    /// `blkdev_direct_IO`: a raw block device.
    BlockDevice = 2,
    /// `__blockdev_direct_IO`: filesystems that were never moved to iomap.
    Legacy = 3,
    /// An engine that passes the request to a server: NFS, FUSE. It has no rule.
    Server = 4,
}

impl Route {
    /// The route with this number; an unknown number reads as [`Route::None`].
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Iomap,
            2 => Self::BlockDevice,
            3 => Self::Legacy,
            4 => Self::Server,
            _ => Self::None,
        }
    }

    /// The rules that hold on this route on a kernel whose common rule set is `kernel`.
    ///
    /// `do_blockdev_direct_IO` (fs/direct-io.c) asks for whole logical blocks in every version.
    #[must_use]
    pub const fn rule_set(self, kernel: RuleSet) -> RuleSet {
        match self {
            Self::Legacy => RuleSet::LogicalBlock,
            _ => kernel,
        }
    }
}

/// What was seen of a request's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Bytes done, or a negative errno: what the caller was given.
    pub result: i64,
    /// Bytes that the direct I/O engine did itself.
    pub direct_bytes: u64,
    /// The engine that carried it.
    pub route: Route,
    /// Whether the filesystem is one that never looks at alignment (tmpfs, NFS, FUSE): its
    /// requests break no rule.
    pub no_rule: bool,
    /// Bios submitted for it.
    pub bios: u32,
    /// Whether it ends at or past the end of the file or device.
    pub end_of_file: bool,
    /// Whether its buffer was bounced (`IOMAP_DIO_BOUNCE`, from 7.0).
    pub copied: bool,
    /// Whether the device takes any vector for whole pages without looking (zram).
    pub whole_page_device: bool,
    /// Whether the filesystem had a write wait while it held the file's lock alone
    /// (`IOMAP_DIO_FORCE_WAIT` of XFS and ext4).
    pub forced_wait: bool,
    /// Whether the filesystem sends through the page cache what is not aligned to its own blocks,
    /// memory included (`check_direct_IO` of btrfs).
    pub block_rule: bool,
}

/// A verdict with its explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Exactly one.
    pub verdict: Verdict,
    /// For a rejection the broken rules in force; otherwise how it departs from full alignment.
    pub reasons: Reasons,
    /// What else is worth knowing.
    pub flags: Flags,
}

/// Judges a finished request under the rules in force on this kernel.
#[must_use]
#[inline(always)]
pub fn judge(
    geometry: &Geometry,
    limits: &Limits,
    kernel: RuleSet,
    outcome: &Outcome,
) -> Judgement {
    // Each intermediate value is hidden from the verifier, or it would walk all their combinations.
    let unknown = u64::from(geometry.address_bits);
    let bits = |value: u32| forget(u64::from(value), unknown) as u32;
    let known = |value: bool| forget(u64::from(value), unknown) != 0;
    let broken = if outcome.no_rule {
        Reasons::NONE
    } else {
        violations(geometry, limits, outcome.route.rule_set(kernel))
    };
    let block_rule = known(outcome.block_rule && outcome.route as u8 == Route::None as u8);
    let unit = bits(if block_rule {
        limits.filesystem_block_size
    } else {
        limits.logical_block_size
    });
    let deviations = deviations(
        geometry,
        &Limits {
            logical_block_size: unit,
            ..*limits
        },
    );
    let failed = known(outcome.result < 0);
    let done = outcome.result as u64;
    let buffered = known(outcome.direct_bytes < done);
    if failed {
        let alignment_error = known(matches!(-outcome.result, EINVAL | EIO));
        let rejected = known(alignment_error && !broken.is_empty());
        return Judgement {
            verdict: if rejected {
                Verdict::Rejected
            } else {
                Verdict::Failed
            },
            reasons: if rejected { broken } else { deviations },
            flags: Flags::NONE.with_if(Flags::LATE, outcome.bios != 0),
        };
    }
    let block = limits.filesystem_block_size.saturating_sub(1);
    let part_block = (geometry.address_bits | geometry.length_bits) & block != 0
        || geometry.offset & u64::from(block) != 0;
    let serialised = known(!buffered && outcome.forced_wait && part_block);
    let page_damage = known(
        outcome.whole_page_device
            && (geometry.merged_address_bits | geometry.merged_length_bits) & 4095 != 0,
    );
    let checked = known(outcome.bios == 0 || outcome.copied || buffered);
    let unchecked = known(!checked && (!broken.is_empty() || page_damage));
    let short = known(done < geometry.length && !outcome.end_of_file);
    let add =
        |set: Flags, flag: Flags, condition: bool| Flags(bits(set.with_if(flag, condition).0));
    let mut flags = add(Flags::NONE, Flags::SHORT, short);
    flags = add(flags, Flags::END_OF_FILE, outcome.end_of_file);
    flags = add(flags, Flags::COPIED, outcome.copied);
    flags = add(flags, Flags::SERIALISED, serialised);
    flags = add(flags, Flags::UNCHECKED, unchecked);
    let verdict = if buffered {
        Verdict::Buffered
    } else if deviations.is_empty() {
        Verdict::Aligned
    } else {
        Verdict::Accepted
    };
    Judgement {
        verdict,
        reasons: deviations,
        flags,
    }
}
