//! The verdict on one finished request. It always follows from what happened; the rules only
//! explain it.

use crate::{
    rules::{AtomicUnits, Geometry, Limits, atomic_violations, deviations, violations},
    verifier::opaque,
    words::{Engine, Flag, Flags, Reason, Reasons, RuleSet, Verdict},
};

const EIO: i64 = 5;
const EAGAIN: i64 = 11;
const EINVAL: i64 = 22;

/// Pages of memory that `blkdev_direct_IO` (block/fops.c) takes with one bio, `BIO_MAX_VECS`; more go
/// through the bios of `__blkdev_direct_IO`, where a failure to build one of them is `EIO` up to 7.2.
const PAGES_OF_ONE_BIO: u64 = 256;

/// The requests that a filesystem measures by its own blocks before it hands them to its direct I/O
/// engine; those that are not whole blocks go through the page cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum OwnBlocks {
    /// None.
    #[default]
    None = 0,
    /// Address, lengths and offset of every request: `check_direct_IO` of btrfs.
    Always = 1,
    /// The same of requests that are aligned to the logical block (`f2fs_should_use_dio`), or of some files
    /// (`ext4_should_use_dio` of an encrypted one).
    Memory = 2,
    /// Total length and offset of some writes: `xfs_file_dio_write_unaligned` of a file that shares
    /// extents, or of a filesystem that always copies on write.
    Place = 3,
}

/// The end of a request, as far as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Bytes done, or a negative errno, as the caller was given it.
    pub result: i64,
    /// Bytes that the direct I/O engine did itself; the rest went through the page cache.
    pub direct_bytes: u64,
    /// The bytes of the request that the kernel looked at, see `lifecycle::seen_length`.
    pub seen_length: u64,
    /// Whether it was cut to these before anything looked at it, on every kernel: a raw device.
    pub cut_first: bool,
    /// The code that carried it.
    pub engine: Engine,
    /// Whether nothing on its way looks at alignment (tmpfs, NFS, FUSE, DAX): it breaks no rule.
    pub no_rule: bool,
    /// Bios submitted for it.
    pub bios: u32,
    /// Whether it is a write.
    pub is_write: bool,
    /// Whether it was cut at the end of the file or device.
    pub end_of_file: bool,
    /// Whether its buffer was bounced (`IOMAP_DIO_BOUNCE`, from 7.0).
    pub copied: bool,
    /// Whether the device takes any vector for whole pages without looking (zram).
    pub whole_page_device: bool,
    /// Whether the filesystem had a write wait while it held the file's lock alone
    /// (`IOMAP_DIO_FORCE_WAIT` of XFS and ext4).
    pub forced_wait: bool,
    /// Whether it is a write that ends after the file's size at submission.
    pub extends: bool,
    /// Whether the caller asked not to wait (`RWF_NOWAIT`).
    pub nowait: bool,
    /// The requests that the filesystem measures by its own blocks.
    pub own_blocks: OwnBlocks,
    /// Whether the engine must take whole filesystem blocks only (`IOMAP_DIO_FSBLOCK_ALIGNED`,
    /// from 6.19).
    pub whole_blocks_only: bool,
    /// Dma alignment (a mask) that is really applied to memory: the coarsest of the devices on the way
    /// that check it, or the device's own where none does.
    pub applied_dma: u32,
    /// Whether its memory is checked when bios are split: every request under `dma-segment-late`, later
    /// registered buffers that go to a raw device.
    pub checked_in_bios: bool,
    /// Whether it is an atomic write (`RWF_ATOMIC`).
    pub atomic: bool,
    /// The sizes that can be written atomically there, bytes.
    pub atomic_units: AtomicUnits,
    /// Whether the device's first byte is not that of one of the disk's physical blocks.
    pub odd_start: bool,
}

impl Outcome {
    /// A request that `engine` did whole and directly, with nothing remarkable about it. For any other,
    /// change the fields in which it differs.
    #[must_use]
    pub const fn whole(geometry: &Geometry, limits: &Limits, engine: Engine) -> Self {
        Self {
            result: geometry.length.cast_signed(),
            direct_bytes: geometry.length,
            seen_length: geometry.length,
            cut_first: false,
            engine,
            no_rule: false,
            bios: 1,
            is_write: false,
            end_of_file: false,
            copied: false,
            whole_page_device: false,
            forced_wait: false,
            extends: false,
            nowait: false,
            own_blocks: OwnBlocks::None,
            whole_blocks_only: false,
            applied_dma: limits.dma_alignment,
            checked_in_bios: false,
            atomic: false,
            atomic_units: AtomicUnits { min: 0, max: 0 },
            odd_start: false,
        }
    }
}

/// A verdict with its explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// For a rejection the broken rules in force; otherwise how it departs from full alignment.
    pub reasons: Reasons,
    /// The flags.
    pub flags: Flags,
}

/// The rules in force that a request breaks, as far as whoever looks can see it.
#[must_use]
#[inline(always)]
fn broken_rules(
    geometry: &Geometry,
    limits: &Limits,
    rule_set: RuleSet,
    outcome: &Outcome,
) -> Reasons {
    let limits = Limits {
        dma_alignment: outcome.applied_dma,
        ..*limits
    };
    let seen = geometry.cut_to(outcome.seen_length);
    let mut broken = violations(&seen, &limits, rule_set);
    if outcome.whole_blocks_only {
        let block = u64::from(limits.filesystem_block_size.saturating_sub(1));
        broken = broken
            .with_if(Reason::TotalLength, outcome.seen_length & block != 0)
            .with_if(Reason::FileOffset, geometry.offset & block != 0);
    }
    broken
}

/// Whether the error of a failed request can come from a check of alignment. Every check answers
/// `EINVAL`. `EIO` comes from one only where a bio was under way when it was checked: in the splitting of
/// bios (`dma-segment-late`; dm-crypt, md and the device mapper pass the refusal on as `EIO`), and where
/// a raw device builds several bios, even if it is the first that cannot be built. Everywhere else `EIO`
/// means that the data could not be read or written, whatever else may be wrong with the request.
#[must_use]
#[inline(always)]
fn can_be_refusal(error: i64, geometry: &Geometry, rule_set: RuleSet, outcome: &Outcome) -> bool {
    let engine = outcome.engine;
    let late = outcome.checked_in_bios && matches!(engine, Engine::Iomap | Engine::Block);
    let pages = geometry.length / 4096 + 2 * geometry.segment_count as u64;
    let built_late = matches!(rule_set, RuleSet::DmaSegmentLate | RuleSet::DmaSegment);
    let many = matches!(engine, Engine::Block) && built_late && pages > PAGES_OF_ONE_BIO;
    error == EINVAL || error == EIO && (late && outcome.bios != 0 || many)
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
    // Hide each intermediate value, or the verifier explores every combination of them.
    let unknown = u64::from(geometry.address_bits);
    let bits = |value: u32| opaque(u64::from(value), unknown) as u32;
    let known = |value: bool| opaque(u64::from(value), unknown) != 0;
    let add = |set: Flags, flag: Flag, condition: bool| {
        Flags(set.0 | (opaque(u64::from(condition), unknown) as u32) << flag as u32)
    };
    let rule_set = outcome.engine.rule_set(kernel);
    let broken = if outcome.no_rule {
        Reasons::NONE
    } else {
        Reasons(bits(broken_rules(geometry, limits, rule_set, outcome).0))
    };
    let turned_away = known(outcome.engine as u8 == Engine::None as u8);
    let departs = departures(geometry, limits, outcome, turned_away);
    let atomic = known(outcome.atomic);
    if known(outcome.result < 0) {
        let error = outcome.result.wrapping_neg();
        let broken = if atomic {
            broken.union(atomic_violations(geometry, outcome.atomic_units))
        } else {
            broken
        };
        let refusal = known(can_be_refusal(error, geometry, rule_set, outcome));
        let rejected = known(refusal && !broken.is_empty());
        let would_block = known(outcome.nowait && error == EAGAIN);
        let flags = Flag::fold(Flags::NONE, |set, flag| match flag {
            Flag::Late => add(set, flag, outcome.bios != 0 && !would_block),
            Flag::WouldBlock => add(set, flag, would_block),
            Flag::Atomic => add(set, flag, atomic),
            // These are about what was done.
            Flag::Short
            | Flag::Serialised
            | Flag::Unchecked
            | Flag::Copied
            | Flag::EndOfFile
            | Flag::Hole
            | Flag::Extends
            | Flag::ReadModifyWrite => set,
            // One request alone does not show that it is one of a burst.
            Flag::Probing => set,
        });
        return Judgement {
            verdict: if rejected {
                Verdict::Rejected
            } else {
                Verdict::Failed
            },
            reasons: if rejected { broken } else { departs },
            flags,
        };
    }
    let done = outcome.result as u64;
    let buffered = known(outcome.direct_bytes < done);
    let block = limits.filesystem_block_size.saturating_sub(1);
    let part_block = (geometry.address_bits | geometry.length_bits) & block != 0
        || geometry.offset & u64::from(block) != 0;
    let alone = known(!buffered && outcome.forced_wait);
    let page_damage = known(
        outcome.whole_page_device
            && (geometry.merged_address_bits | geometry.merged_length_bits) & 4095 != 0,
    );
    let checked = known(outcome.bios == 0 || outcome.copied || buffered);
    let unchecked = !checked && (!broken.is_empty() || page_damage);
    let short = done < geometry.length && !outcome.end_of_file;
    let flags = Flag::fold(Flags::NONE, |set, flag| match flag {
        Flag::Short => add(set, flag, short),
        Flag::Serialised => add(set, flag, alone && !outcome.extends && part_block),
        Flag::Unchecked => add(set, flag, unchecked),
        Flag::Copied => add(set, flag, outcome.copied),
        Flag::EndOfFile => add(set, flag, outcome.end_of_file),
        Flag::Hole => add(set, flag, is_hole(outcome) && !buffered),
        Flag::Extends => add(set, flag, alone && outcome.extends),
        Flag::ReadModifyWrite => {
            let partial = is_read_modify_write(geometry, limits, outcome);
            add(set, flag, partial && !buffered)
        }
        Flag::Atomic => add(set, flag, atomic),
        // These are about failures, and one request alone does not show that it is one of a burst.
        Flag::Late | Flag::WouldBlock | Flag::Probing => set,
    });
    let verdict = if buffered {
        Verdict::Buffered
    } else if departs.is_empty() {
        Verdict::Aligned
    } else {
        Verdict::Accepted
    };
    Judgement {
        verdict,
        reasons: departs,
        flags,
    }
}

/// How a request departs from full alignment, by the measure that decided about it.
#[inline(always)]
fn departures(
    geometry: &Geometry,
    limits: &Limits,
    outcome: &Outcome,
    turned_away: bool,
) -> Reasons {
    let cut = geometry.cut_to(outcome.seen_length);
    let geometry = if outcome.cut_first { &cut } else { geometry };
    let by_device = deviations(geometry, limits);
    if !turned_away || matches!(outcome.own_blocks, OwnBlocks::None) {
        return by_device;
    }
    let own = Limits {
        logical_block_size: limits.filesystem_block_size,
        ..*limits
    };
    let by_filesystem = deviations(geometry, &own);
    match outcome.own_blocks {
        OwnBlocks::Always => by_filesystem,
        // What breaks the device's own measure was never asked for the filesystem's.
        _ if !by_device.is_empty() => by_device,
        OwnBlocks::Place => {
            by_filesystem.intersection(Reasons::of(&[Reason::TotalLength, Reason::FileOffset]))
        }
        _ => by_filesystem,
    }
}

/// Whether nothing was read from the disk: a hole, or an extent that was never written
/// (`iomap_dio_hole_iter`, fs/iomap/direct-io.c).
#[inline(always)]
fn is_hole(outcome: &Outcome) -> bool {
    !outcome.is_write
        && outcome.bios == 0
        && outcome.result > 0
        && !outcome.no_rule
        && matches!(outcome.engine, Engine::Iomap)
}

/// Whether the disk has to read a physical block in order to write part of it.
#[inline(always)]
fn is_read_modify_write(geometry: &Geometry, limits: &Limits, outcome: &Outcome) -> bool {
    let physical = u64::from(limits.physical_block_size.saturating_sub(1));
    let part = (geometry.offset | geometry.length) & physical != 0 || outcome.odd_start;
    outcome.is_write
        && part
        && outcome.bios != 0
        && limits.physical_block_size > limits.logical_block_size
}
