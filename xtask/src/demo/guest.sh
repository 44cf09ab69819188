#!/usr/bin/env bash
# The demo's guest: real programs that get direct I/O right and wrong, recorded to standard output while they run.
# Usage: guest.sh DIO_TRACE XTASK SECONDS
set -euo pipefail
dio_trace=$1 xtask=$2 seconds=$3
programs=/run/demo

prepare() {
    # A program's name in /proc is that of the file it was started from.
    mkdir -p "$programs" /mnt/images /mnt/backup
    ln -s "$(command -v dd)" "$programs/mariadbd"
    ln -s "$(command -v dd)" "$programs/backup-copy"
    modprobe xfs
    modprobe btrfs
    mkfs.xfs -q "$DIO_DISK_VIRTIO_BLK_4096"
    mkfs.btrfs -q -f "$DIO_DISK_VIRTIO_BLK_512"
    mount "$DIO_DISK_VIRTIO_BLK_4096" /mnt/images
    mount "$DIO_DISK_VIRTIO_BLK_512" /mnt/backup
    dd if=/dev/zero of=/mnt/images/guest.img bs=1M count=16 conv=fsync status=none
    dd if=/dev/zero of=/mnt/images/ib_logfile0 bs=1M count=4 conv=fsync status=none
    dd if=/dev/zero of=/mnt/images/table.ibd bs=1M count=4 conv=fsync status=none
    dd if=/dev/zero of=/mnt/backup/archive.tar bs=1M count=16 conv=fsync status=none
}

# QEMU before 7.2 on a disk of 4096-byte blocks: at open it tries buffer alignments and, since Linux 6.0, finds 512
# good; so it passes its guest's 512-byte pieces on, which the kernel refuses.
virtual_machine() {
    "$xtask" workload --comm qemu-system-x86 scenario qemu-on4k /mnt/images/guest.img
}

# The block layer of the QEMU installed here: it tries in the same way, and knows better afterwards.
image_tool() {
    qemu-io -f raw -t none -c 'read 0 64k' -c 'readv 64k 512 3584' /mnt/images/guest.img
}

# A database that writes its log in blocks of 512 bytes, as if every disk had them.
database() {
    "$programs/mariadbd" if=/dev/zero of=/mnt/images/ib_logfile0 bs=512 count=4 oflag=direct conv=notrunc status=none
    "$xtask" workload --comm mariadbd scenario odd-buffer /mnt/images/table.ibd
}

# A copy tool that reads 512 bytes at a time with O_DIRECT: btrfs serves it from the page cache and says nothing.
backup() {
    "$programs/backup-copy" if=/mnt/backup/archive.tar of=/dev/null bs=512 count=64 iflag=direct status=none
}

# Everything as it should be.
healthy() {
    fio --name=healthy --filename="$DIO_DISK_NVME_512" --rw=randrw --bs=4k --direct=1 --ioengine=io_uring \
        --iodepth=4 --rate_iops=50 --time_based --runtime="$seconds" --output-format=terse
}

work() {
    healthy &
    local end=$((SECONDS + seconds))
    while [ "$SECONDS" -lt "$end" ]; do
        # Each fails in its own way: that is the demo.
        virtual_machine || true
        image_tool || true
        database || true
        backup || true
        sleep 1
    done
    wait
}

if [ "${4:-}" = work ]; then
    # Standard output is the recording.
    work >&2
else
    prepare >&2
    exec "$dio_trace" record -o - -- bash "$0" "$dio_trace" "$xtask" "$seconds" work
fi
