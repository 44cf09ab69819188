//! One table of the known properties of each filesystem's direct I/O. Probes, attach plan, diagnoses and
//! documents all read it.

use crate::{abi::request::state, rules::OwnBlocks};

/// A filesystem, as far as its direct I/O is known to differ from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filesystem {
    /// Its name for people.
    pub name: &'static str,
    /// Names of its types, as in `/proc/filesystems` and `/proc/self/mountinfo`.
    pub types: &'static [&'static str],
    /// Module that it lives in, unless that is built in; `None` if it is always part of the kernel, or
    /// if none of its functions is hooked.
    pub module: Option<&'static str>,
    /// `super_block.s_magic` (`include/uapi/linux/magic.h`); `None` where the probes need not know it.
    pub magic: Option<u64>,
    /// Whether its direct I/O must keep an alignment rule.
    pub has_rule: bool,
    /// Whether it never does direct I/O, although it accepts `O_DIRECT`: it has no disk.
    pub is_memory: bool,
    /// The part of a request that it measures by its own blocks, of all its files.
    pub own_blocks: OwnBlocks,
    /// Whether it may have several devices.
    pub many_devices: bool,
    /// Whether a supported kernel takes its requests through `__blockdev_direct_IO` (`fs/direct-io.c`).
    pub legacy_engine: bool,
    /// Function that checks offset and length of writes before the engine does.
    pub checks_writes: Option<&'static str>,
    /// Option of its mkfs that sets the size of its blocks.
    pub block_size_option: Option<&'static str>,
}

impl Filesystem {
    /// The [`state`] bits of requests to its files that follow from this table.
    #[must_use]
    pub const fn state(&self) -> u32 {
        let own_blocks = match self.own_blocks {
            OwnBlocks::None => 0,
            OwnBlocks::Always => state::BLOCK_RULE,
            OwnBlocks::Memory => state::OWN_MEMORY,
            OwnBlocks::Place => state::OWN_PLACE,
        };
        let rule = if self.has_rule { 0 } else { state::NO_RULE };
        let devices = if self.many_devices {
            state::MANY_DEVICES
        } else {
            0
        };
        own_blocks | rule | devices
    }
}

const COMMON: Filesystem = Filesystem {
    name: "",
    types: &[],
    module: None,
    magic: None,
    has_rule: true,
    is_memory: false,
    own_blocks: OwnBlocks::None,
    many_devices: false,
    legacy_engine: false,
    checks_writes: None,
    block_size_option: None,
};

/// XFS.
pub const XFS: Filesystem = Filesystem {
    name: "XFS",
    types: &["xfs"],
    module: Some("xfs"),
    magic: Some(XFS_MAGIC),
    own_blocks: OwnBlocks::Place,
    checks_writes: Some("xfs_file_dio_write"),
    block_size_option: Some("mkfs.xfs -b size=N"),
    ..COMMON
};

/// ext4. It measures encrypted files by its own blocks, and no others.
pub const EXT4: Filesystem = Filesystem {
    name: "ext4",
    types: &["ext4"],
    module: Some("ext4"),
    magic: Some(EXT4_MAGIC),
    ..COMMON
};

/// btrfs.
pub const BTRFS: Filesystem = Filesystem {
    name: "btrfs",
    types: &["btrfs"],
    module: Some("btrfs"),
    magic: Some(BTRFS_MAGIC),
    own_blocks: OwnBlocks::Always,
    many_devices: true,
    ..COMMON
};

/// f2fs.
pub const F2FS: Filesystem = Filesystem {
    name: "f2fs",
    types: &["f2fs"],
    module: Some("f2fs"),
    magic: Some(F2FS_MAGIC),
    own_blocks: OwnBlocks::Memory,
    many_devices: true,
    ..COMMON
};

/// FUSE, with what else is built on it.
pub const FUSE: Filesystem = Filesystem {
    name: "FUSE",
    types: &["fuse", "fuseblk", "virtiofs"],
    module: Some("fuse"),
    magic: Some(0x6573_5546),
    has_rule: false,
    ..COMMON
};

/// NFS.
pub const NFS: Filesystem = Filesystem {
    name: "NFS",
    types: &["nfs", "nfs4"],
    module: Some("nfs"),
    magic: Some(0x6969),
    has_rule: false,
    ..COMMON
};

/// tmpfs: it accepts `O_DIRECT` from 6.6 on, and serves it from memory.
pub const TMPFS: Filesystem = Filesystem {
    name: "tmpfs",
    types: &["tmpfs"],
    magic: Some(0x0102_1994),
    has_rule: false,
    is_memory: true,
    ..COMMON
};

/// Filesystems whose `write_iter` is `generic_file_write_iter`, and that are not on iomap in every
/// supported kernel.
pub const GENERIC: Filesystem = Filesystem {
    name: "FAT, exFAT, JFS, HFS, UDF, NILFS2, AFFS",
    types: &[
        "vfat", "msdos", "exfat", "jfs", "hfs", "hfsplus", "udf", "nilfs2", "affs",
    ],
    legacy_engine: true,
    ..COMMON
};

/// The others that are not on iomap in every supported kernel.
const LEGACY: Filesystem = Filesystem {
    name: "ext2, NTFS, OCFS2",
    types: &["ext2", "ntfs3", "ocfs2"],
    legacy_engine: true,
    ..COMMON
};

/// Every filesystem that differs from the others in a known way.
pub const ALL: &[Filesystem] = &[XFS, EXT4, BTRFS, F2FS, FUSE, NFS, TMPFS, GENERIC, LEGACY];

/// The filesystem of this type; `None` where nothing is known of it.
#[must_use]
pub fn of_type(name: &str) -> Option<&'static Filesystem> {
    ALL.iter()
        .find(|filesystem| filesystem.types.contains(&name))
}

/// Name of the filesystem that raw devices have in records.
pub const RAW_DEVICE: &str = "block";
/// The same as one word, NUL-padded.
pub const RAW_DEVICE_WORD: u64 = u64::from_ne_bytes(padded(RAW_DEVICE));

const fn padded<const N: usize>(name: &str) -> [u8; N] {
    let (mut word, mut at) = ([0; N], 0);
    while at < name.len() {
        word[at] = name.as_bytes()[at];
        at += 1;
    }
    word
}

/// `BTRFS_SUPER_MAGIC`.
pub const BTRFS_MAGIC: u64 = 0x9123_683e;
/// `EXT4_SUPER_MAGIC`, also that of ext2 and ext3.
pub const EXT4_MAGIC: u64 = 0xef53;
/// `XFS_SUPER_MAGIC`.
pub const XFS_MAGIC: u64 = 0x5846_5342;
/// `F2FS_SUPER_MAGIC`.
pub const F2FS_MAGIC: u64 = 0xf2f5_2010;

/// Magic numbers of the filesystems without a rule.
pub const NO_RULE_MAGICS: [u64; without_rule()] = magics_without_rule();

const fn without_rule() -> usize {
    let (mut found, mut at) = (0, 0);
    while at < ALL.len() {
        found += !ALL[at].has_rule as usize;
        at += 1;
    }
    found
}

/// Does not compile where one of them has no number.
const fn magics_without_rule<const N: usize>() -> [u64; N] {
    let mut magics = [0; N];
    let (mut found, mut at) = (0, 0);
    while at < ALL.len() {
        if !ALL[at].has_rule {
            assert!(
                ALL[at].magic.is_some(),
                "the probes know a filesystem without a rule by its magic number"
            );
            if let Some(magic) = ALL[at].magic {
                magics[found] = magic;
            }
            found += 1;
        }
        at += 1;
    }
    magics
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{collections::HashSet, vec::Vec};

    use super::*;

    #[test]
    fn no_type_stands_twice() {
        let types: Vec<_> = ALL.iter().flat_map(|one| one.types).collect();
        let distinct: HashSet<_> = types.iter().collect();
        assert_eq!(distinct.len(), types.len());
        assert!(!types.contains(&&RAW_DEVICE));
    }

    #[test]
    fn filesystems_are_found_by_any_of_their_types() {
        assert_eq!(of_type("nfs4"), Some(&NFS));
        assert_eq!(of_type("ntfs3").map(|one| one.legacy_engine), Some(true));
        assert_eq!(of_type("xf"), None);
    }

    #[test]
    fn the_probes_know_those_without_a_rule_by_magic_number() {
        let without = ALL.iter().filter(|one| !one.has_rule);
        let magics: Vec<_> = without.filter_map(|one| one.magic).collect();
        assert_eq!(NO_RULE_MAGICS.as_slice(), magics);
        assert!(
            ALL.iter()
                .all(|one| one.has_rule != (one.state() & state::NO_RULE != 0))
        );
    }

    #[test]
    fn state_bits_follow_from_the_table() {
        assert_eq!(BTRFS.state(), state::BLOCK_RULE | state::MANY_DEVICES);
        assert_eq!(F2FS.state(), state::OWN_MEMORY | state::MANY_DEVICES);
        assert_eq!(XFS.state(), state::OWN_PLACE);
        assert_eq!(EXT4.state(), 0);
    }

    #[test]
    fn a_raw_device_has_its_name_as_a_word() {
        assert_eq!(&RAW_DEVICE_WORD.to_ne_bytes(), b"block\0\0\0");
    }
}
