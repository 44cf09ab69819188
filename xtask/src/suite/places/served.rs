//! Places on filesystems without a disk: servers and memory.

use crate::suite::place::{Front, Place};

/// Filesystems whose requests a server answers, or the page cache.
pub(super) const SERVED: &[Place] = &[
    Place {
        name: "fuse",
        tools: &["bindfs"],
        module: "fuse",
        make: "mkdir -p /tmp/dio-trace-fuse; bindfs /tmp/dio-trace-fuse $MNT; echo $MNT/file -",
        unmake: "if mountpoint -q $MNT; then umount $MNT; fi; rm -rf /tmp/dio-trace-fuse",
        front: Front::Server,
        ..Place::FILE
    },
    Place {
        name: "nfs",
        module: "-a nfs nfsv4 nfsd",
        make: NFS,
        unmake: UNNFS,
        front: Front::Server,
        ..Place::FILE
    },
    Place {
        name: "tmpfs",
        make: "mount -t tmpfs none $MNT; echo $MNT/file -",
        front: Front::PageCache,
        ..Place::FILE
    },
];

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
