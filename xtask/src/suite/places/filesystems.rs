//! Places on filesystems that have a disk.

use crate::suite::{
    disks::{NVME_512, VIRTIO_512, VIRTIO_4096},
    place::{Front, Place},
};

/// Filesystems, each with the options that change what it does with direct requests.
pub(super) const FILESYSTEMS: &[Place] = &[
    Place {
        name: "xfs-nvme-512",
        base: NVME_512,
        tools: &["mkfs.xfs"],
        module: "xfs",
        make: "mkfs.xfs -qf $DISK; mount -t xfs $DISK $MNT; echo $MNT/file $DISK",
        ..Place::FILE
    },
    Place {
        name: "xfs-virtio-4096",
        base: VIRTIO_4096,
        tools: &["mkfs.xfs"],
        make: "mkfs.xfs -qf $DISK; mount -t xfs $DISK $MNT; echo $MNT/file $DISK",
        ..Place::FILE
    },
    Place {
        name: "ext4-nvme-512",
        base: NVME_512,
        tools: &["mkfs.ext4"],
        module: "ext4",
        make: "mkfs.ext4 -qF -O ^orphan_file,^metadata_csum_seed $DISK
            mount -t ext4 $DISK $MNT; echo $MNT/file $DISK",
        ..Place::FILE
    },
    Place {
        name: "ext4-virtio-4096",
        base: VIRTIO_4096,
        tools: &["mkfs.ext4"],
        make: "mkfs.ext4 -qF -O ^orphan_file,^metadata_csum_seed $DISK
            mount -t ext4 $DISK $MNT; echo $MNT/file $DISK",
        ..Place::FILE
    },
    Place {
        name: "ext4-no-extents",
        base: VIRTIO_512,
        tools: &["mkfs.ext4"],
        make: "mkfs.ext4 -qF -O ^orphan_file,^metadata_csum_seed,^extent,^64bit $DISK
            mount -t ext4 $DISK $MNT; echo $MNT/file $DISK",
        ..Place::FILE
    },
    Place {
        name: "ext4-data-journal",
        base: VIRTIO_512,
        tools: &["mkfs.ext4"],
        make: "mkfs.ext4 -qF -O ^orphan_file,^metadata_csum_seed $DISK
            mount -t ext4 -o data=journal $DISK $MNT; echo $MNT/file $DISK",
        front: Front::PageCache,
        ..Place::FILE
    },
    Place {
        name: "ext2",
        base: VIRTIO_512,
        tools: &["mkfs.ext4"],
        make: "mkfs.ext4 -qF -t ext2 $DISK; mount -t ext2 $DISK $MNT; echo $MNT/file $DISK",
        ..Place::FILE
    },
    Place {
        name: "vfat",
        base: VIRTIO_512,
        tools: &["mkfs.vfat"],
        module: "vfat",
        make: "modprobe -q nls_cp437 || true; modprobe -q nls_ascii || true
            mkfs.vfat $DISK > /dev/null; mount -t vfat $DISK $MNT; echo $MNT/file $DISK",
        front: Front::Legacy,
        holes: false,
        ..Place::FILE
    },
    Place {
        name: "btrfs",
        base: NVME_512,
        tools: &["mkfs.btrfs"],
        module: "btrfs",
        make: "mkfs.btrfs -qf $DISK; mount -t btrfs $DISK $MNT; echo $MNT/file -",
        front: Front::Btrfs {
            direct_reads: true,
            direct_writes: false,
        },
        ..Place::FILE
    },
    Place {
        name: "btrfs-nodatacow",
        base: VIRTIO_512,
        tools: &["mkfs.btrfs"],
        make: "mkfs.btrfs -qf $DISK; mount -t btrfs -o nodatacow $DISK $MNT; echo $MNT/file -",
        front: Front::Btrfs {
            direct_reads: true,
            direct_writes: true,
        },
        ..Place::FILE
    },
    Place {
        name: "btrfs-compress",
        base: VIRTIO_512,
        tools: &["mkfs.btrfs"],
        make: "mkfs.btrfs -qf $DISK; mount -t btrfs -o compress-force=zstd $DISK $MNT
            echo $MNT/file -",
        front: Front::Btrfs {
            direct_reads: false,
            direct_writes: false,
        },
        ..Place::FILE
    },
    Place {
        name: "f2fs",
        base: NVME_512,
        tools: &["mkfs.f2fs"],
        module: "f2fs",
        make: "mkfs.f2fs -qf $DISK > /dev/null; mount -t f2fs $DISK $MNT; echo $MNT/file $DISK",
        front: Front::F2fs,
        ..Place::FILE
    },
    Place {
        name: "overlay-on-xfs",
        base: NVME_512,
        tools: &["mkfs.xfs"],
        module: "overlay",
        make: "mkfs.xfs -qf $DISK; mount -t xfs $DISK $MNT
            mkdir $MNT/lower $MNT/upper $MNT/work $MNT/merged
            mount -t overlay -o lowerdir=$MNT/lower,upperdir=$MNT/upper,workdir=$MNT/work \
                overlay $MNT/merged
            echo $MNT/merged/file $DISK",
        unmake: "if mountpoint -q $MNT/merged; then umount $MNT/merged; fi
            if mountpoint -q $MNT; then umount $MNT; fi",
        ..Place::FILE
    },
];
