//! What a request goes to: the file, its device and that device's limits.

use dio_trace_ebpf::{
    abi::{
        file::FilesystemDevice,
        request::{Parties, Request, state},
    },
    field,
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
            BTRFS_MAGIC, EXT4_MAGIC, F2FS_MAGIC, XFS_MAGIC, btrfs_device, device_inode,
            device_of_inode, is_block_device, is_realtime, realtime_device,
        },
        superblocks,
    },
    tables::maps::FILESYSTEM_DEVICES,
};

/// `S_DAX`, `S_ENCRYPTED` (include/linux/fs.h): macros, so not in BTF; the same from 5.10 to 7.3.
const S_DAX: u32 = 1 << 13;
const S_ENCRYPTED: u32 = 1 << 14;

/// Filesystems whose direct I/O knows no alignment: tmpfs, NFS, FUSE (include/uapi/linux/magic.h).
const NO_RULE_MAGICS: [u64; 3] = [0x0102_1994, 0x6969, 0x6573_5546];

/// Writes down all of the file behind `inode` that stays as it is, over zeros.
#[inline(always)]
pub(in crate::bpf) fn identify<A: Access>(
    parties: &mut Parties,
    file: KernelPtr<A>,
    inode: KernelPtr<A>,
) {
    parties.id.inode = inode.read(layout!(inode_i_ino));
    parties.id.generation = inode.read(layout!(inode_i_generation));
    if parties.id.generation == 0 {
        parties.id.generation = name_number(file.probed());
    }
    if is_block_device(inode) {
        parties.state |= state::RAW_DEVICE;
        parties.id.device = inode.read(layout!(inode_i_rdev));
        fill_device(parties, device_of_inode(device_inode(file)));
        return;
    }
    let super_block = inode.follow(layout!(inode_i_sb));
    parties.id.device = super_block.read(layout!(super_block_s_dev));
    parties.id.generation = parties
        .id
        .generation
        .wrapping_add(superblocks::ended(parties.id.device).wrapping_mul(0x9e37_79b9));
    let magic = super_block.read::<u64>(layout!(super_block_s_magic));
    let flags = inode.read::<u32>(layout!(inode_i_flags));
    if flags & S_DAX != 0 {
        // Asked before `IOCB_DIRECT` (`ext4_file_read_iter`, `xfs_file_read_iter`): no limits apply.
        parties.state |= state::NO_RULE | state::DAX;
    } else if NO_RULE_MAGICS.contains(&magic) {
        parties.state |= state::NO_RULE;
    } else if magic == BTRFS_MAGIC {
        parties.state |= state::BLOCK_RULE | state::MANY_DEVICES;
        let device = btrfs_device(super_block.probed());
        if !device.is_null() {
            fill_device(parties, device);
        } else if let Some(told) = told_device(parties.id.device) {
            parties.disk = field!(told, disk).read();
            field!(told, limits).copy_to(&mut parties.limits);
        }
    } else {
        parties.state |= match magic {
            XFS_MAGIC => state::OWN_PLACE,
            F2FS_MAGIC => state::OWN_MEMORY | state::MANY_DEVICES,
            EXT4_MAGIC if flags & S_ENCRYPTED != 0 => state::OWN_MEMORY,
            _ => 0,
        };
        let realtime = magic == XFS_MAGIC && is_realtime(inode.probed());
        if realtime {
            fill_device(parties, realtime_device(inode.probed()));
        } else {
            let device = super_block.follow(layout!(super_block_s_bdev));
            if !device.is_null() {
                fill_device(parties, device);
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

/// Writes down what a file may change at any moment: its size and, of a raw device, its block size.
#[inline(always)]
pub(in crate::bpf) fn measure<A: Access>(
    request: &mut Request,
    file: KernelPtr<A>,
    inode: KernelPtr<A>,
) {
    let own = if request.parties.state & state::RAW_DEVICE != 0 {
        device_inode(file)
    } else {
        inode
    };
    request.file_size = own.read(layout!(inode_i_size));
    request.parties.limits.filesystem_block_size = inode_block_size(own);
}

#[inline(always)]
fn fill_device<A: Access>(parties: &mut Parties, device: KernelPtr<A>) {
    (parties.disk, parties.limits) = number_and_limits(device);
    let disk = device.follow(layout!(block_device_bd_disk));
    if is_named(disk, *b"zram") {
        parties.state |= state::WHOLE_PAGE_DEVICE;
    }
    if bios::are_looked_at() {
        parties.state |= bios::role_of(disk.probed());
    }
    if has!(block_device_bd_start_sect) {
        let sectors = (parties.limits.physical_block_mask() >> 9) as u64;
        let start = device.read::<u64>(layout!(block_device_bd_start_sect));
        if start & sectors != 0 {
            parties.state |= state::ODD_START;
        }
    }
}

/// What userspace says of the device of a filesystem whose own structures are unknown.
#[inline(always)]
pub(in crate::bpf) fn told_device(super_block: u32) -> Option<InMap<FilesystemDevice>> {
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
