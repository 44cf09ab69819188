//! The target of a request: the file, its device and that device's limits.

use dio_trace_ebpf::{
    abi::{
        file::FilesystemDevice,
        request::{Origin, Request, state},
    },
    field,
    filesystems::{
        BTRFS, BTRFS_MAGIC, EXT4_MAGIC, F2FS, F2FS_MAGIC, NO_RULE_MAGICS, XFS, XFS_MAGIC,
    },
    memory::InMap,
};

use crate::bpf::{
    base::{
        globals::{has, layout},
        map::Values,
        pointer::{Access, ByHelper, KernelPtr},
    },
    facts::{
        bios,
        device::{is_named, number_and_limits},
        filesystem::{
            btrfs_device, device_inode, device_of_inode, is_block_device, is_realtime,
            realtime_device,
        },
        superblocks,
    },
    tables::maps::FILESYSTEM_DEVICES,
};

/// `S_DAX`, `S_ENCRYPTED` (include/linux/fs.h): macros, so not in BTF; the same from 5.10 to 7.3.
const S_DAX: u32 = 1 << 13;
const S_ENCRYPTED: u32 = 1 << 14;

/// Fills in, over zeros, everything about the file of `inode` that does not change.
#[inline(always)]
pub(in crate::bpf) fn identify<A: Access>(
    origin: &mut Origin,
    file: KernelPtr<A>,
    inode: KernelPtr<A>,
) {
    origin.id.inode = inode.read(layout!(inode_i_ino));
    origin.id.generation = inode.read(layout!(inode_i_generation));
    if origin.id.generation == 0 {
        origin.id.generation = name_number(file.probed());
    }
    if is_block_device(inode) {
        origin.state |= state::RAW_DEVICE;
        origin.id.device = inode.read(layout!(inode_i_rdev));
        fill_device(origin, device_of_inode(device_inode(file)));
        return;
    }
    let super_block = inode.follow(layout!(inode_i_sb));
    origin.id.device = super_block.read(layout!(super_block_s_dev));
    origin.id.generation = origin
        .id
        .generation
        .wrapping_add(superblocks::ended(origin.id.device).wrapping_mul(0x9e37_79b9));
    let magic = super_block.read::<u64>(layout!(super_block_s_magic));
    let flags = inode.read::<u32>(layout!(inode_i_flags));
    if flags & S_DAX != 0 {
        // Asked before `IOCB_DIRECT` (`ext4_file_read_iter`, `xfs_file_read_iter`): no limits apply.
        origin.state |= state::NO_RULE | state::DAX;
    } else if NO_RULE_MAGICS.contains(&magic) {
        origin.state |= state::NO_RULE;
    } else if magic == BTRFS_MAGIC {
        origin.state |= const { BTRFS.state() };
        let device = btrfs_device(super_block.probed());
        if !device.is_null() {
            fill_device(origin, device);
        } else if let Some(known) = device_by_mount(origin.id.device) {
            origin.disk = field!(known, disk).read();
            field!(known, limits).copy_to(&mut origin.limits);
        }
    } else {
        origin.state |= match magic {
            XFS_MAGIC => const { XFS.state() },
            F2FS_MAGIC => const { F2FS.state() },
            EXT4_MAGIC if flags & S_ENCRYPTED != 0 => state::OWN_MEMORY,
            _ => 0,
        };
        let realtime = magic == XFS_MAGIC && is_realtime(inode.probed());
        if realtime {
            fill_device(origin, realtime_device(inode.probed()));
        } else {
            let device = super_block.follow(layout!(super_block_s_bdev));
            if !device.is_null() {
                fill_device(origin, device);
            }
        }
    }
}

/// A number for the name of a file whose filesystem gives its inodes no generation (FUSE and others):
/// their numbers are used again, and a file that is called otherwise is met as another.
#[inline(always)]
fn name_number(file: KernelPtr<ByHelper>) -> u32 {
    if !has!(dentry_d_name_hash) {
        return 0;
    }
    let entry = file.follow(layout!(file_f_path_dentry));
    let directory = entry
        .follow(layout!(dentry_d_parent))
        .follow(layout!(dentry_d_inode));
    let name = entry.read::<u32>(layout!(dentry_d_name_hash));
    name ^ directory.read::<u64>(layout!(inode_i_ino)) as u32
}

/// Fills in what may change at any moment: the size of a file and the block size of a raw device.
#[inline(always)]
pub(in crate::bpf) fn measure<A: Access>(
    request: &mut Request,
    file: KernelPtr<A>,
    inode: KernelPtr<A>,
) {
    let own = if request.origin.state & state::RAW_DEVICE != 0 {
        device_inode(file)
    } else {
        inode
    };
    request.file_size = own.read(layout!(inode_i_size));
    request.origin.limits.filesystem_block_size = inode_block_size(own);
}

#[inline(always)]
fn fill_device<A: Access>(origin: &mut Origin, device: KernelPtr<A>) {
    (origin.disk, origin.limits) = number_and_limits(device);
    let disk = device.follow(layout!(block_device_bd_disk));
    if is_named(disk, *b"zram") {
        origin.state |= state::WHOLE_PAGE_DEVICE;
    }
    if bios::are_looked_at() {
        origin.state |= bios::role_of(disk.probed());
    }
    if has!(block_device_bd_start_sect) {
        let sectors = (origin.limits.physical_block_mask() >> 9) as u64;
        let start = device.read::<u64>(layout!(block_device_bd_start_sect));
        if start & sectors != 0 {
            origin.state |= state::ODD_START;
        }
    }
}

/// The device of a filesystem whose own structures are unknown, as userspace has found it by its mount.
#[inline(always)]
pub(in crate::bpf) fn device_by_mount(super_block: u32) -> Option<InMap<FilesystemDevice>> {
    if has!(btrfs_fs_info_fs_devices) {
        return None;
    }
    FILESYSTEM_DEVICES.value(&super_block)
}

/// Block size of the filesystem, or soft block size of a raw device, bytes.
#[inline(always)]
pub(in crate::bpf) fn block_size(inode: KernelPtr<ByHelper>, file: KernelPtr<ByHelper>) -> u32 {
    inode_block_size(if is_block_device(inode) {
        device_inode(file)
    } else {
        inode
    })
}

#[inline(always)]
fn inode_block_size<A: Access>(inode: KernelPtr<A>) -> u32 {
    1 << (inode.read::<u8>(layout!(inode_i_blkbits)) & 31)
}

/// Writes the type of the filesystem that an inode lies in over zeros.
#[inline(always)]
pub(in crate::bpf) fn filesystem(inode: KernelPtr<ByHelper>, place: &mut [u8; 16]) {
    let kind = inode
        .follow(layout!(inode_i_sb))
        .follow(layout!(super_block_s_type));
    let name = kind.follow(layout!(file_system_type_name));
    // SAFETY: 16 bytes. A failure leaves the word empty.
    unsafe { name.read_string(place.as_mut_ptr(), 16) };
}
