//! Places on devices that pass requests on to another device or to memory.

use crate::suite::{
    disks::NVME_512,
    place::{Late, Place},
};

/// Loop devices, device mapper, RAID and compressed memory.
pub(super) const STACKED: &[Place] = &[
    Place {
        name: "loop-512",
        tools: &["losetup"],
        module: "loop",
        make: LOOP,
        unmake: UNLOOP,
        ..Place::RAW
    },
    Place {
        name: "loop-4096",
        tools: &["losetup"],
        make: LOOP_4096,
        unmake: UNLOOP,
        ..Place::RAW
    },
    Place {
        name: "loop-direct",
        base: NVME_512,
        tools: &["losetup", "mkfs.xfs"],
        make: "mkfs.xfs -qf $DISK; mount -t xfs $DISK $MNT; truncate -s 64M $MNT/image
            d=$(losetup -f --show --direct-io=on $MNT/image); echo $d $d $DISK",
        unmake: "if mountpoint -q $MNT; then
            for d in $(losetup -j $MNT/image | cut -d: -f1); do losetup -d $d; done
            umount $MNT; fi",
        late: Late::OwnThenFile,
        ..Place::RAW
    },
    Place {
        name: "dm-linear",
        base: NVME_512,
        tools: &["dmsetup"],
        module: "dm-mod",
        make: "dmsetup create diolinear --table \"0 131072 linear $DISK 2048\"
            dmsetup mknodes; echo /dev/mapper/diolinear /dev/mapper/diolinear $DISK",
        unmake: "if dmsetup info diolinear > /dev/null 2>&1; then dmsetup remove diolinear; fi",
        late: Late::Below,
        ..Place::RAW
    },
    Place {
        name: "dm-crypt-512",
        base: NVME_512,
        tools: &["dmsetup"],
        module: "dm-crypt",
        make: "key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
            dmsetup create diocrypt --table \"0 131072 crypt aes-xts-plain64 $key 0 $DISK 2048\"
            dmsetup mknodes; echo /dev/mapper/diocrypt /dev/mapper/diocrypt $DISK",
        unmake: UNCRYPT,
        late: Late::Crypt(512),
        ..Place::RAW
    },
    Place {
        name: "dm-crypt-4096",
        base: NVME_512,
        tools: &["dmsetup"],
        make: "key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
            dmsetup create diocrypt --table \"0 131072 crypt aes-xts-plain64 $key 0 $DISK 2048 \
                2 sector_size:4096 iv_large_sectors\"
            dmsetup mknodes; echo /dev/mapper/diocrypt /dev/mapper/diocrypt $DISK",
        unmake: UNCRYPT,
        late: Late::Crypt(4096),
        ..Place::RAW
    },
    Place {
        name: "md-raid0",
        base: NVME_512,
        tools: &["mdadm", "losetup"],
        module: "raid0",
        make: "modprobe -q loop || true; truncate -s 64M /tmp/dio-trace-raid.img
            other=$(losetup -f --show /tmp/dio-trace-raid.img)
            mdadm --create /dev/md77 --run --force --level=0 --raid-devices=2 --metadata=1.2 \
                --chunk=64 --assume-clean $other $DISK < /dev/null > /dev/null 2>&1
            echo /dev/md77 /dev/md77 $DISK",
        unmake: "if [ -e /sys/block/md77 ]; then mdadm --stop /dev/md77 2> /dev/null; fi; rm -f /dev/md77
            for d in $(losetup -j /tmp/dio-trace-raid.img | cut -d: -f1); do losetup -d $d; done
            rm -f /tmp/dio-trace-raid.img; mdadm --zero-superblock $DISK 2> /dev/null || true",
        ..Place::RAW
    },
    Place {
        name: "zram",
        module: "zram",
        make: "modprobe zram num_devices=1; echo 64M > /sys/block/zram0/disksize
            [ -b /dev/zram0 ] || mknod /dev/zram0 b $(tr : ' ' < /sys/block/zram0/dev)
            echo /dev/zram0 /dev/zram0",
        unmake: "if [ -b /dev/zram0 ]; then echo 1 > /sys/block/zram0/reset; fi",
        late: Late::Nobody,
        ..Place::RAW
    },
];

const LOOP: &str = "modprobe -q loop || true; truncate -s 64M /tmp/dio-trace-loop.img
    d=$(losetup -f --show /tmp/dio-trace-loop.img); echo $d $d";
const LOOP_4096: &str = "modprobe -q loop || true; truncate -s 64M /tmp/dio-trace-loop.img
    d=$(losetup -b 4096 -f --show /tmp/dio-trace-loop.img); echo $d $d";
const UNLOOP: &str =
    "for d in $(losetup -j /tmp/dio-trace-loop.img | cut -d: -f1); do losetup -d $d; done
    rm -f /tmp/dio-trace-loop.img";
const UNCRYPT: &str = "if dmsetup info diocrypt > /dev/null 2>&1; then dmsetup remove diocrypt; fi";
