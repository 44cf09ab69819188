//! Facts about a file from the structures of its filesystem: on which device it lies, what can be
//! written to it atomically.

use dio_trace_ebpf::{
    abi::request::{Request, state},
    filesystems::{BTRFS_MAGIC, EXT4_MAGIC, XFS_MAGIC},
    rules::AtomicUnits,
};

use crate::bpf::base::{
    globals::{has, layout},
    pointer::{Access, ByHelper, KernelPtr},
};

const S_IFMT: u16 = 0o170_000;
const S_IFBLK: u16 = 0o060_000;
/// `XFS_DIFLAG_REALTIME` (fs/xfs/libxfs/xfs_format.h): on disk, so it stays.
const XFS_DIFLAG_REALTIME: u16 = 1 << 0;

/// Whether the inode is that of a block device node.
#[inline(always)]
pub(in crate::bpf) fn is_block_device<A: Access>(inode: KernelPtr<A>) -> bool {
    inode.read::<u16>(layout!(inode_i_mode)) & S_IFMT == S_IFBLK
}

/// A raw device's own inode, which has its pages and its size; `f_inode` is that of its name in
/// `/dev`.
#[inline(always)]
pub(in crate::bpf) fn device_inode<A: Access>(file: KernelPtr<A>) -> KernelPtr<A> {
    file.follow(layout!(file_f_mapping))
        .follow(layout!(address_space_host))
}

/// `I_BDEV`: the `struct block_device` beside a raw device's own inode.
#[inline(always)]
pub(in crate::bpf) fn device_of_inode<A: Access>(own: KernelPtr<A>) -> KernelPtr<ByHelper> {
    own.container(layout!(bdev_inode_vfs_inode))
        .member(layout!(bdev_inode_bdev))
}

/// The `struct block_device` of an open file, null where its filesystem has none.
#[inline(always)]
pub(in crate::bpf) fn device(
    inode: KernelPtr<ByHelper>,
    file: KernelPtr<ByHelper>,
) -> KernelPtr<ByHelper> {
    if is_block_device(inode) {
        device_of_inode(device_inode(file))
    } else {
        let super_block = inode.follow(layout!(inode_i_sb));
        match super_block.read::<u64>(layout!(super_block_s_magic)) {
            BTRFS_MAGIC => btrfs_device(super_block),
            _ => super_block.follow(layout!(super_block_s_bdev)),
        }
    }
}

/// The device of a btrfs filesystem that was added last (`fs_devices->latest_dev`, before 5.16
/// `latest_bdev`): btrfs has several, and sets no `s_bdev`. Null where the module has no BTF.
#[inline(always)]
pub(in crate::bpf) fn btrfs_device(super_block: KernelPtr<ByHelper>) -> KernelPtr<ByHelper> {
    if !has!(btrfs_fs_info_fs_devices) {
        return KernelPtr::NULL;
    }
    let info = super_block.follow(layout!(super_block_s_fs_info));
    let devices = info.follow(layout!(btrfs_fs_info_fs_devices));
    if has!(btrfs_fs_devices_latest_bdev) {
        devices.follow(layout!(btrfs_fs_devices_latest_bdev))
    } else if has!(btrfs_fs_devices_latest_dev) && has!(btrfs_device_bdev) {
        devices
            .follow(layout!(btrfs_fs_devices_latest_dev))
            .follow(layout!(btrfs_device_bdev))
    } else {
        KernelPtr::NULL
    }
}

/// Whether an XFS file lies on the realtime device.
#[inline(always)]
pub(in crate::bpf) fn is_realtime(inode: KernelPtr<ByHelper>) -> bool {
    has!(xfs_inode_i_vnode)
        && has!(xfs_inode_i_diflags)
        && has!(xfs_inode_i_mount)
        && has!(xfs_mount_m_rtdev_targp)
        && has!(xfs_buftarg_bt_bdev)
        && inode
            .container(layout!(xfs_inode_i_vnode))
            .read::<u16>(layout!(xfs_inode_i_diflags))
            & XFS_DIFLAG_REALTIME
            != 0
}

/// The realtime device of the XFS filesystem of a file.
#[inline(always)]
pub(in crate::bpf) fn realtime_device(inode: KernelPtr<ByHelper>) -> KernelPtr<ByHelper> {
    inode
        .container(layout!(xfs_inode_i_vnode))
        .follow(layout!(xfs_inode_i_mount))
        .follow(layout!(xfs_mount_m_rtdev_targp))
        .follow(layout!(xfs_buftarg_bt_bdev))
}

/// Sizes that can be written atomically to the file of a request.
#[inline(never)]
pub(in crate::bpf) fn atomic_units(request: &Request) -> AtomicUnits {
    let file = KernelPtr::at(request.file);
    let inode = file.follow(layout!(file_f_inode));
    let block = request.origin.limits.filesystem_block_size;
    let super_block = inode.follow(layout!(inode_i_sb));
    let magic = super_block.read::<u64>(layout!(super_block_s_magic));
    if request.state & state::RAW_DEVICE != 0 {
        let (device, min, max) = (
            device(inode, file),
            layout!(queue_limits_atomic_write_unit_min),
            layout!(queue_limits_atomic_write_unit_max),
        );
        if !has!(queue_limits_atomic_write_unit_min) || !has!(queue_limits_atomic_write_unit_max) {
            return AtomicUnits::default();
        }
        let limits = device
            .follow(layout!(block_device_bd_disk))
            .follow(layout!(gendisk_queue))
            .member(layout!(request_queue_limits));
        return AtomicUnits {
            min: limits.read(min),
            max: limits.read(max),
        };
    }
    if magic == EXT4_MAGIC && has!(ext4_sb_info_s_awu_min) && has!(ext4_sb_info_s_awu_max) {
        let info = super_block.follow(layout!(super_block_s_fs_info));
        return AtomicUnits {
            min: info.read(layout!(ext4_sb_info_s_awu_min)),
            max: info.read(layout!(ext4_sb_info_s_awu_max)),
        };
    }
    if magic == XFS_MAGIC {
        let blocks =
            if has!(xfs_mount_m_groups) && has!(xfs_groups_awu_max) && has!(xfs_inode_i_mount) {
                inode
                    .container(layout!(xfs_inode_i_vnode))
                    .follow(layout!(xfs_inode_i_mount))
                    .read::<u32>(layout!(xfs_mount_m_groups) + layout!(xfs_groups_awu_max))
            } else {
                // Up to 6.15 a single block (`xfs_get_atomic_write_attr`).
                1
            };
        return AtomicUnits {
            min: block,
            max: block.wrapping_mul(blocks),
        };
    }
    AtomicUnits::default()
}
