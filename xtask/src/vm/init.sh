#!/bin/busybox sh
# First process of a guest, in its initramfs: mounts this machine's root (9p, read-only, below a tmpfs) and goes there.
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /dev /lower /layer /root
mount -t devtmpfs dev /dev
for module in /modules/*.ko; do
    insmod "$module" || echo "guest: $module cannot be loaded"
done
mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 root /lower &&
    mount -t tmpfs -o size=75% layer /layer &&
    mkdir /layer/upper /layer/work &&
    mount -t overlay -o lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work overlay /root || {
    echo 'guest: the root cannot be mounted'
    poweroff -f
}
umount /dev
# Before anything runs there: below the 9p mount lies the /proc of this machine, where /proc/self is QEMU.
mkdir -p /root/run /root/proc
mount -t proc proc /root/proc
mount -t tmpfs -o mode=755 run /root/run
mkdir /root/run/dio-trace
cp /bin/busybox /guest.sh /settings.sh /root/run/dio-trace
exec switch_root /root /run/dio-trace/busybox sh /run/dio-trace/guest.sh
