//! The targets of requests: `null_blk` disks, which answer at once, and filesystems on them.

use std::path::PathBuf;

use anyhow::Result;

use crate::suite::shell;

/// A device or a filesystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A `null_blk` disk itself.
    Raw,
    Xfs,
    Ext4,
    Btrfs,
    /// A `scsi_debug` disk itself: its dma alignment is small, so misaligned requests are accepted.
    Scsi,
}

impl Place {
    /// Its name in the table.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Xfs => "xfs",
            Self::Ext4 => "ext4",
            Self::Btrfs => "btrfs",
            Self::Scsi => "scsi",
        }
    }

    /// Its target for direct requests, or the one that is in the page cache.
    pub(super) fn target(self, cached: bool) -> PathBuf {
        let name = if cached { "cached" } else { "direct" };
        match self {
            Self::Raw if cached => "/dev/nullb1".into(),
            Self::Raw => "/dev/nullb0".into(),
            Self::Scsi => "/run/bench/scsi".into(),
            Self::Xfs | Self::Ext4 | Self::Btrfs => {
                PathBuf::from(format!("/run/bench/{}/{name}", self.word()))
            }
        }
    }
}

/// Makes the disks and filesystems. btrfs has neither checksums nor copy-on-write: with them its
/// direct writes go to workers or to the page cache. The disks store what is written, because a
/// filesystem needs that.
const MAKE: &str = r#"
PATH=$PATH:/usr/sbin:/sbin
modprobe null_blk nr_devices=0
modprobe scsi_debug dev_size_mb=16 sector_size=512 delay=0
for filesystem in xfs ext4 btrfs; do modprobe $filesystem; done
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
for number in 0 1 2 3 4; do
    disk=/sys/kernel/config/nullb/nullb$number
    mkdir $disk
    echo 512 > $disk/size
    echo 512 > $disk/blocksize
    echo 1 > $disk/memory_backed
    echo 1 > $disk/power
done
mkfs.xfs -qf /dev/nullb2
mkfs.ext4 -qF /dev/nullb3
mkfs.btrfs -qf /dev/nullb4
mkdir -p /run/bench/xfs /run/bench/ext4 /run/bench/btrfs
mount -t xfs -o noatime /dev/nullb2 /run/bench/xfs
mount -t ext4 -o noatime /dev/nullb3 /run/bench/ext4
mount -t btrfs -o noatime,nodatacow /dev/nullb4 /run/bench/btrfs
for filesystem in xfs ext4 btrfs; do
    for file in direct cached; do
        dd if=/dev/urandom of=/run/bench/$filesystem/$file bs=1M count=2 conv=fsync status=none
    done
done
for disk in /dev/nullb0 /dev/nullb1; do
    dd if=/dev/urandom of=$disk bs=1M count=2 conv=fsync status=none
done
tries=0
until [ -d /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*/block ] || [ $tries -gt 50 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
ln -s /dev/$(basename /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*/block/*) /run/bench/scsi
sync
echo 3 > /proc/sys/vm/drop_caches
# Nothing is written back meanwhile.
echo 0 > /proc/sys/vm/dirty_writeback_centisecs
"#;

/// Makes all places.
///
/// # Errors
/// When the script fails; the message has the end of its output.
pub(super) fn make() -> Result<()> {
    shell::script(MAKE, &[]).map(drop)
}
