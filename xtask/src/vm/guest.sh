# First process of a guest on its real root: mounts what a system has, names ports and disks, runs the command, and
# tells its status. settings.sh gives WORKSPACE, MODULES, SEARCH, HOST_VARIABLES, and the functions command and shell.
. /run/dio-trace/settings.sh
export PATH="$SEARCH" HOME=/root USER=root LOGNAME=root SHELL=/bin/bash LANG=C.UTF-8
export DIO_GUEST=1

mkdir -p /sys /dev /tmp /root
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /dev/disk/by-dio /dev/virtio-ports
mount -t devpts -o mode=620,ptmxmode=666 pts /dev/pts
mount -t tmpfs shm /dev/shm
for link in fd: stdin:/0 stdout:/1 stderr:/2; do
    [ -e "/dev/${link%%:*}" ] || ln -s "/proc/self/fd${link#*:}" "/dev/${link%%:*}"
done
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracing /sys/kernel/tracing
mount -t debugfs debug /sys/kernel/debug
mount -t securityfs security /sys/kernel/security

# A fresh /tmp must not hide a checkout or a cache that lies below it.
mkdir -p /run/dio-trace/workspace "/lib/modules/$(uname -r)"
mount --bind "$MODULES" "/lib/modules/$(uname -r)"
mount --bind "$WORKSPACE" /run/dio-trace/workspace
mount -t tmpfs -o mode=1777 tmp /tmp
[ -d "$WORKSPACE" ] || {
    mkdir -p "$WORKSPACE"
    mount --bind /run/dio-trace/workspace "$WORKSPACE"
}
umount /run/dio-trace/workspace

hostname dio-trace-guest
ip link set lo up 2>/dev/null
ulimit -n 65536 -l unlimited -c 0

for port in /sys/class/virtio-ports/*; do
    [ -e "$port/name" ] && ln -sf "/dev/${port##*/}" "/dev/virtio-ports/$(cat "$port/name")"
done
# NVMe and SCSI are found in the background.
tries=0
while :; do
    found=0
    for block in /sys/block/nvme* /sys/block/vd* /sys/block/sd*; do
        name=
        for serial in "$block/serial" "$block/device/serial"; do
            [ -z "$name" ] && [ -r "$serial" ] && name=$(tr -d ' ' < "$serial")
        done
        [ -z "$name" ] && [ -r "$block/device/vpd_pg80" ] && name=$(tail -c +5 "$block/device/vpd_pg80" | tr -d ' \0')
        [ -n "$name" ] && [ -b "/dev/${block##*/}" ] || continue
        found=$((found + 1))
        ln -sf "/dev/${block##*/}" "/dev/disk/by-dio/$name"
        export "DIO_DISK_$(printf %s "$name" | tr 'a-z-' 'A-Z_')=/dev/${block##*/}"
    done
    tries=$((tries + 1))
    [ "$found" -ge "$DISKS" ] || [ "$tries" -ge 100 ] && break
    sleep 0.1
done
[ "$found" -ge "$DISKS" ] || echo "guest: only $found of $DISKS disks appeared"

cd "$WORKSPACE"
if [ -e /dev/virtio-ports/stdout ]; then
    # A port can be opened once, a pipe as often as a program likes to open /dev/stdout.
    copies=
    for stream in stdout stderr; do
        mkfifo "/run/dio-trace/$stream"
        cat "/run/dio-trace/$stream" > "/dev/virtio-ports/$stream" &
        copies="$copies $!"
    done
    echo ready > /dev/virtio-ports/status
    (command) < /dev/null > /run/dio-trace/stdout 2> /run/dio-trace/stderr
    status=$?
    # Processes left behind may hold the pipes open: they are not waited for long.
    tries=0
    for copy in $copies; do
        while [ -d "/proc/$copy" ] && ! grep -q '^State:.Z' "/proc/$copy/status" && [ "$tries" -lt 50 ]; do
            tries=$((tries + 1))
            sleep 0.1
        done
    done
else
    echo ready > /dev/virtio-ports/status
    setsid sh -c '. /run/dio-trace/settings.sh; shell' < /dev/ttyS0 > /dev/ttyS0 2>&1
    status=$?
fi
echo "status $status" > /dev/virtio-ports/status
sync
# Its own applet: the machine's poweroff would look for an init to ask.
/run/dio-trace/busybox poweroff -f
