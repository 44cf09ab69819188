//! The table of places: every device and filesystem that the truth test uses.

use super::{
    disks::{Base, NVME_512, NVME_4096, SCSI_512, VIRTIO_512, VIRTIO_4096},
    place::{Front, Late, Place},
    shell,
};

/// Loads every filesystem and driver before the trace starts, because the tracer attaches to what
/// is loaded.
pub(super) fn load_modules() {
    for place in PLACES.iter().filter(|place| !place.module.is_empty()) {
        let _ = shell::script(
            &format!("PATH=$PATH:/sbin:/usr/sbin modprobe -q {}", place.module),
            &[],
        );
    }
}

const RAW: Place = Place {
    name: "",
    base: Base::Own,
    tools: &[],
    module: "",
    make: "echo $DISK $DISK",
    unmake: "true",
    front: Front::Common,
    late: Late::Own,
    holes: false,
};

const FILE: Place = Place {
    unmake: UNMOUNT,
    holes: true,
    ..RAW
};
const UNMOUNT: &str = "if mountpoint -q $MNT; then umount $MNT; fi";

/// Every place, in the order of testing.
pub(super) const PLACES: &[Place] = &[
    Place {
        name: "raw-nvme-512",
        base: NVME_512,
        module: "nvme",
        ..RAW
    },
    Place {
        name: "raw-nvme-4096",
        base: NVME_4096,
        ..RAW
    },
    Place {
        name: "raw-virtio-512",
        base: VIRTIO_512,
        module: "virtio_blk",
        ..RAW
    },
    Place {
        name: "raw-virtio-4096",
        base: VIRTIO_4096,
        ..RAW
    },
    Place {
        name: "raw-scsi-512",
        base: SCSI_512,
        module: "sd_mod",
        ..RAW
    },
    Place {
        name: "scsi-debug-512",
        module: "scsi_debug",
        make: "modprobe -r scsi_debug || true
            modprobe scsi_debug dev_size_mb=64 sector_size=512 delay=0
            udevadm settle 2>/dev/null || sleep 1
            d=$(basename /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/*)
            [ -b /dev/$d ] || mknod /dev/$d b $(tr : ' ' < /sys/block/$d/dev)
            echo /dev/$d /dev/$d",
        unmake: "if [ -d /sys/module/scsi_debug ]; then modprobe -r scsi_debug; fi",
        ..RAW
    },
    Place {
        name: "null-blk",
        module: "null_blk nr_devices=0",
        make: "modprobe null_blk nr_devices=0
            mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
            d=/sys/kernel/config/nullb/nullb0; mkdir $d
            echo 64 > $d/size; echo 1 > $d/memory_backed; echo 1 > $d/power
            [ -b /dev/nullb0 ] || mknod /dev/nullb0 b $(tr : ' ' < /sys/block/nullb0/dev)
            echo /dev/nullb0 /dev/nullb0",
        unmake: "d=/sys/kernel/config/nullb/nullb0; if [ -d $d ]; then echo 0 > $d/power; rmdir $d; fi",
        ..RAW
    },
    Place {
        name: "xfs-nvme-512",
        base: NVME_512,
        tools: &["mkfs.xfs"],
        module: "xfs",
        make: "mkfs.xfs -qf $DISK; mount -t xfs $DISK $MNT; echo $MNT/file $DISK",
        ..FILE
    },
    Place {
        name: "xfs-virtio-4096",
        base: VIRTIO_4096,
        tools: &["mkfs.xfs"],
        make: "mkfs.xfs -qf $DISK; mount -t xfs $DISK $MNT; echo $MNT/file $DISK",
        ..FILE
    },
    Place {
        name: "ext4-nvme-512",
        base: NVME_512,
        tools: &["mkfs.ext4"],
        module: "ext4",
        make: "mkfs.ext4 -qF -O ^orphan_file,^metadata_csum_seed $DISK
            mount -t ext4 $DISK $MNT; echo $MNT/file $DISK",
        ..FILE
    },
    Place {
        name: "ext4-virtio-4096",
        base: VIRTIO_4096,
        tools: &["mkfs.ext4"],
        make: "mkfs.ext4 -qF -O ^orphan_file,^metadata_csum_seed $DISK
            mount -t ext4 $DISK $MNT; echo $MNT/file $DISK",
        ..FILE
    },
    Place {
        name: "ext4-no-extents",
        base: VIRTIO_512,
        tools: &["mkfs.ext4"],
        make: "mkfs.ext4 -qF -O ^orphan_file,^metadata_csum_seed,^extent,^64bit $DISK
            mount -t ext4 $DISK $MNT; echo $MNT/file $DISK",
        ..FILE
    },
    Place {
        name: "ext4-data-journal",
        base: VIRTIO_512,
        tools: &["mkfs.ext4"],
        make: "mkfs.ext4 -qF -O ^orphan_file,^metadata_csum_seed $DISK
            mount -t ext4 -o data=journal $DISK $MNT; echo $MNT/file $DISK",
        front: Front::PageCache,
        ..FILE
    },
    Place {
        name: "ext2",
        base: VIRTIO_512,
        tools: &["mkfs.ext4"],
        make: "mkfs.ext4 -qF -t ext2 $DISK; mount -t ext2 $DISK $MNT; echo $MNT/file $DISK",
        ..FILE
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
        ..FILE
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
        ..FILE
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
        ..FILE
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
        ..FILE
    },
    Place {
        name: "f2fs",
        base: NVME_512,
        tools: &["mkfs.f2fs"],
        module: "f2fs",
        make: "mkfs.f2fs -qf $DISK > /dev/null; mount -t f2fs $DISK $MNT; echo $MNT/file $DISK",
        front: Front::F2fs,
        ..FILE
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
        ..FILE
    },
    Place {
        name: "loop-512",
        tools: &["losetup"],
        module: "loop",
        make: LOOP,
        unmake: UNLOOP,
        ..RAW
    },
    Place {
        name: "loop-4096",
        tools: &["losetup"],
        make: LOOP_4096,
        unmake: UNLOOP,
        ..RAW
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
        ..RAW
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
        ..RAW
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
        ..RAW
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
        ..RAW
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
        ..RAW
    },
    Place {
        name: "zram",
        module: "zram",
        make: "modprobe zram num_devices=1; echo 64M > /sys/block/zram0/disksize
            [ -b /dev/zram0 ] || mknod /dev/zram0 b $(tr : ' ' < /sys/block/zram0/dev)
            echo /dev/zram0 /dev/zram0",
        unmake: "if [ -b /dev/zram0 ]; then echo 1 > /sys/block/zram0/reset; fi",
        late: Late::Nobody,
        ..RAW
    },
    Place {
        name: "fuse",
        tools: &["bindfs"],
        module: "fuse",
        make: "mkdir -p /tmp/dio-trace-fuse; bindfs /tmp/dio-trace-fuse $MNT; echo $MNT/file -",
        unmake: "if mountpoint -q $MNT; then umount $MNT; fi; rm -rf /tmp/dio-trace-fuse",
        front: Front::Server,
        ..FILE
    },
    Place {
        name: "nfs",
        module: "-a nfs nfsv4 nfsd",
        make: NFS,
        unmake: UNNFS,
        front: Front::Server,
        ..FILE
    },
    Place {
        name: "tmpfs",
        make: "mount -t tmpfs none $MNT; echo $MNT/file -",
        front: Front::PageCache,
        ..FILE
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

/// A directory of the guest, served by the kernel's nfsd to the guest itself, without any daemon:
/// the answers of mountd are put into nfsd's caches beforehand (`net/sunrpc/svcauth_unix.c`,
/// `fs/nfsd/export.c`). The export is insecure, async, without subtree checks, and the root of all
/// exports. Lease and grace time are the shortest that nfsd accepts: no file can be opened for so
/// long after its start. Where client and server could bypass the network (localio, from 6.12),
/// that is switched off.
const NFS: &str = "modprobe -a nfs nfsv4 nfsd; mkdir -p /tmp/dio-trace-nfs
    local=/sys/module/nfs/parameters/localio_enabled; if [ -e $local ]; then echo N > $local; fi
    nfsd=/proc/fs/nfsd; mountpoint -q $nfsd || mount -t nfsd nfsd $nfsd
    end=$(($(date +%s) + 86400)); rpc=/proc/net/rpc
    printf 'nfsd 127.0.0.1 %s dio-trace\\n' $end > $rpc/auth.unix.ip/channel
    printf 'dio-trace /tmp/dio-trace-nfs %s 9234 65534 65534 0\\n' $end > $rpc/nfsd.export/channel
    printf 'dio-trace 1 \\\\x00000000 %s /tmp/dio-trace-nfs\\n' $end > $rpc/nfsd.fh/channel
    echo 10 > $nfsd/nfsv4leasetime; echo 10 > $nfsd/nfsv4gracetime
    echo '-2 -3 +4' > $nfsd/versions || echo '-3 +4' > $nfsd/versions
    echo 'tcp 2049' > $nfsd/portlist; echo 4 > $nfsd/threads
    mount -i -t nfs4 -o vers=4.2,addr=127.0.0.1,clientaddr=127.0.0.1 127.0.0.1:/ $MNT
    echo $MNT/file -";
const UNNFS: &str = "if mountpoint -q $MNT; then umount $MNT; fi
    nfsd=/proc/fs/nfsd; if mountpoint -q $nfsd; then echo 0 > $nfsd/threads; umount $nfsd; fi
    for cache in auth.unix.ip nfsd.export nfsd.fh; do
        if [ -e /proc/net/rpc/$cache ]; then date +%s > /proc/net/rpc/$cache/flush; fi
    done
    rm -rf /tmp/dio-trace-nfs";
