//! Places on devices that are used as they are.

use crate::suite::{
    disks::{NVME_512, NVME_4096, SCSI_512, VIRTIO_512, VIRTIO_4096},
    place::Place,
};

/// Disks of the guest, and devices that the kernel makes for tests.
pub(super) const DEVICES: &[Place] = &[
    Place {
        name: "raw-nvme-512",
        base: NVME_512,
        module: "nvme",
        ..Place::RAW
    },
    Place {
        name: "raw-nvme-4096",
        base: NVME_4096,
        ..Place::RAW
    },
    Place {
        name: "raw-virtio-512",
        base: VIRTIO_512,
        module: "virtio_blk",
        ..Place::RAW
    },
    Place {
        name: "raw-virtio-4096",
        base: VIRTIO_4096,
        ..Place::RAW
    },
    Place {
        name: "raw-scsi-512",
        base: SCSI_512,
        module: "sd_mod",
        ..Place::RAW
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
        ..Place::RAW
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
        ..Place::RAW
    },
];
