//! What a request goes to: the file, its device and that device's limits.

use dio_trace_ebpf::{
    abi::{
        file::FilesystemDevice,
        request::{Parties, Request, state},
    },
    field,
    memory::InMap,
    rules::Limits,
};

use crate::bpf::{
    base::{
        globals::{has, layout},
        map::Values,
        pointer::{Access, ByHelper, KernelPtr},
    },
    tables::maps::FILESYSTEM_DEVICES,
};

const S_IFMT: u16 = 0o170_000;
const S_IFBLK: u16 = 0o060_000;

/// Filesystems whose direct I/O knows no alignment: tmpfs, NFS, FUSE (include/uapi/linux/magic.h).
const NO_RULE_MAGICS: [u64; 3] = [0x0102_1994, 0x6969, 0x6573_5546];
/// `BTRFS_SUPER_MAGIC`.
const BTRFS_MAGIC: u64 = 0x9123_683e;

/// Writes down all of the file behind `inode` that stays as it is, over zeros.
#[inline(always)]
pub(in crate::bpf) fn identify<A: Access>(
    parties: &mut Parties,
    file: KernelPtr<A>,
    inode: KernelPtr<A>,
) {
    parties.id.inode = inode.read(layout!(inode_i_ino));
    parties.id.generation = inode.read(layout!(inode_i_generation));
    if is_block_device(inode) {
        parties.state |= state::RAW_DEVICE;
        parties.id.device = inode.read(layout!(inode_i_rdev));
        fill_device(parties, device_of_inode(device_inode(file)));
    } else {
        let super_block = inode.follow(layout!(inode_i_sb));
        parties.id.device = super_block.read(layout!(super_block_s_dev));
        let magic = super_block.read::<u64>(layout!(super_block_s_magic));
        if NO_RULE_MAGICS.contains(&magic) {
            parties.state |= state::NO_RULE;
        } else if magic == BTRFS_MAGIC {
            parties.state |= state::BLOCK_RULE;
            let device = btrfs_device(super_block.probed());
            if !device.is_null() {
                fill_device(parties, device);
            } else if let Some(told) = told_device(parties.id.device) {
                parties.disk = field!(told, disk).read();
                field!(told, limits).copy_to(&mut parties.limits);
            }
        } else {
            let device = super_block.follow(layout!(super_block_s_bdev));
            if !device.is_null() {
                fill_device(parties, device);
            }
        }
    }
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
    if is_zram(device.follow(layout!(block_device_bd_disk))) {
        parties.state |= state::WHOLE_PAGE_DEVICE;
    }
}

#[inline(always)]
fn is_zram<A: Access>(disk: KernelPtr<A>) -> bool {
    let name = layout!(gendisk_disk_name);
    // The verifier allows plain loads of one letter at a time.
    if A::BY_LOAD {
        let is = |at: u32, letter: u8| disk.read::<u8>(name + at) == letter;
        is(0, b'z') && is(1, b'r') && is(2, b'a') && is(3, b'm')
    } else {
        disk.read::<u32>(name) == u32::from_ne_bytes(*b"zram")
    }
}

/// Whether the inode is that of a block device node.
#[inline(always)]
pub(in crate::bpf) fn is_block_device<A: Access>(inode: KernelPtr<A>) -> bool {
    inode.read::<u16>(layout!(inode_i_mode)) & S_IFMT == S_IFBLK
}

/// A raw device's own inode, which has its pages and its size; `f_inode` is that of its name in
/// `/dev`.
#[inline(always)]
fn device_inode<A: Access>(file: KernelPtr<A>) -> KernelPtr<A> {
    file.follow(layout!(file_f_mapping))
        .follow(layout!(address_space_host))
}

/// `I_BDEV`: the `struct block_device` beside a raw device's own inode.
#[inline(always)]
fn device_of_inode<A: Access>(own: KernelPtr<A>) -> KernelPtr<ByHelper> {
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
fn btrfs_device(super_block: KernelPtr<ByHelper>) -> KernelPtr<ByHelper> {
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

/// Number (`dev_t`) and limits of a `struct block_device`; zeros for null.
#[inline(always)]
pub(in crate::bpf) fn number_and_limits<A: Access>(device: KernelPtr<A>) -> (u32, Limits) {
    let queue = device
        .follow(layout!(block_device_bd_disk))
        .follow(layout!(gendisk_queue));
    let limits = layout!(request_queue_limits);
    let dma_alignment = if has!(queue_limits_dma_alignment) {
        queue.read(limits + layout!(queue_limits_dma_alignment))
    } else {
        queue.read(layout!(request_queue_dma_alignment))
    };
    // An unsigned long in the kernel; every boundary in use lies below 4 GiB.
    let virt_boundary_mask =
        queue.read::<u64>(limits + layout!(queue_limits_virt_boundary_mask)) as u32;
    let limits = Limits {
        logical_block_size: queue.read(limits + layout!(queue_limits_logical_block_size)),
        physical_block_size: queue.read(limits + layout!(queue_limits_physical_block_size)),
        dma_alignment,
        virt_boundary_mask,
        filesystem_block_size: 0,
    };
    (device.read(layout!(block_device_bd_dev)), limits)
}

/// Writes down the name of a device's disk, NUL-padded.
#[inline(always)]
pub(in crate::bpf) fn disk_name(device: KernelPtr<ByHelper>, place: &mut [u8; 32]) {
    let disk = device.follow(layout!(block_device_bd_disk));
    disk.read_to(layout!(gendisk_disk_name), place);
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
