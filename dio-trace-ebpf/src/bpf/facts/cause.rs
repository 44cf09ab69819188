//! Why the page cache served a request that is not misaligned, according to the file's own filesystem.
//! Looked up only for buffered requests, which are rare.

use dio_trace_ebpf::{
    abi::request::{Request, state},
    filesystems::{BTRFS_MAGIC, EXT4_MAGIC, F2FS_MAGIC, XFS_MAGIC},
    words::{Cause, Engine, Operation},
};

use crate::bpf::base::{
    globals::{has, layout},
    pointer::{ByHelper, KernelPtr},
};

/// Of `inode.i_flags` (include/linux/fs.h): `S_ENCRYPTED`, `S_VERITY`.
const S_ENCRYPTED: u32 = 1 << 14;
const S_VERITY: u32 = 1 << 16;
/// `BTRFS_INODE_NODATASUM` (fs/btrfs/btrfs_inode.h).
const BTRFS_NODATASUM: u32 = 1 << 0;
/// Of ext4's inode flags, which are those on disk (fs/ext4/ext4.h).
const EXT4_JOURNAL_DATA: u64 = 0x4000;
const EXT4_EXTENTS: u64 = 0x8_0000;
const EXT4_INLINE_DATA: u64 = 0x1000_0000;
/// `EXT4_MOUNT_DATA_FLAGS`, `EXT4_MOUNT_JOURNAL_DATA` of `ext4_sb_info.s_mount_opt`.
const EXT4_DATA_MODE: u32 = 0xc00;
const EXT4_DATA_JOURNAL: u32 = 0x400;
/// `F2FS_COMPR_FL` (fs/f2fs/f2fs.h).
const F2FS_COMPRESSED: u64 = 0x4;
/// `XFS_DIFLAG2_REFLINK` (fs/xfs/libxfs/xfs_format.h).
const XFS_REFLINK: u64 = 1 << 1;
/// btrfs keeps no more than a sector in an inode (`btrfs_calc_inline`...).
const BTRFS_SECTOR: u64 = 4096;

/// Why the page cache served `request`; 0 where its misalignment says it all.
/// `misaligned`: whether it departs from the measure that decided.
#[inline(never)]
pub(in crate::bpf) fn of(request: &Request, misaligned: u32) -> u32 {
    let cause = find(request, misaligned != 0);
    match cause {
        Some(cause) => cause as u32,
        None if misaligned != 0 => 0,
        None => Cause::Unknown as u32,
    }
}

#[inline(always)]
fn find(request: &Request, misaligned: bool) -> Option<Cause> {
    let state = request.state;
    let write = request.operation == Operation::Write as u8;
    let entered = state & state::DIRECT != 0;
    if state & (state::RAW_DEVICE | state::CACHE_BUSY) != 0 {
        return Some(Cause::CacheBusy);
    }
    if state & state::NO_RULE != 0 {
        return None;
    }
    let inode = KernelPtr::at(request.file).follow(layout!(file_f_inode));
    let flags = inode.read::<u32>(layout!(inode_i_flags));
    if flags & S_VERITY != 0 {
        return Some(Cause::Verity);
    }
    if flags & S_ENCRYPTED != 0 {
        return Some(Cause::Encryption);
    }
    if request.engine == Engine::Legacy as u8 && write {
        return Some(Cause::HoleFilled);
    }
    let super_block = inode.follow(layout!(inode_i_sb));
    match super_block.read::<u64>(layout!(super_block_s_magic)) {
        BTRFS_MAGIC if misaligned => None,
        BTRFS_MAGIC => btrfs(request, inode, write, entered),
        EXT4_MAGIC => ext4(inode, super_block, write && entered),
        XFS_MAGIC if write && misaligned => xfs(inode),
        F2FS_MAGIC => f2fs(inode).or(if misaligned {
            Some(Cause::FilesystemBlock)
        } else {
            None
        }),
        _ if entered && write => Some(Cause::HoleFilled),
        _ => None,
    }
}

/// Writes of data with checksums are buffered from 6.15 on, and in some stable trees; an extent that is
/// compressed or lies in the inode cannot be read directly (`btrfs_dio_iomap_begin`).
#[inline(always)]
fn btrfs(
    request: &Request,
    inode: KernelPtr<ByHelper>,
    write: bool,
    entered: bool,
) -> Option<Cause> {
    if !write {
        return match (entered, request.file_size < BTRFS_SECTOR) {
            (true, true) => Some(Cause::InlineData),
            (true, false) => Some(Cause::Compression),
            (false, _) => None,
        };
    }
    if !has!(btrfs_inode_vfs_inode) || !has!(btrfs_inode_flags) {
        return None;
    }
    let own = inode.container(layout!(btrfs_inode_vfs_inode));
    let flags = own.read::<u32>(layout!(btrfs_inode_flags));
    (flags & BTRFS_NODATASUM == 0).then_some(Cause::Checksums)
}

/// `ext4_should_use_dio`; and a file without extents, whose holes a direct write does not fill.
#[inline(always)]
fn ext4(
    inode: KernelPtr<ByHelper>,
    super_block: KernelPtr<ByHelper>,
    written: bool,
) -> Option<Cause> {
    if !has!(ext4_inode_info_vfs_inode) || !has!(ext4_inode_info_i_flags) {
        return None;
    }
    let own = inode.container(layout!(ext4_inode_info_vfs_inode));
    let flags = own.read::<u64>(layout!(ext4_inode_info_i_flags));
    if flags & EXT4_INLINE_DATA != 0 {
        return Some(Cause::InlineData);
    }
    if flags & EXT4_JOURNAL_DATA != 0 {
        return Some(Cause::JournalledData);
    }
    if has!(ext4_sb_info_s_mount_opt) {
        let info = super_block.follow(layout!(super_block_s_fs_info));
        let options = info.read::<u32>(layout!(ext4_sb_info_s_mount_opt));
        if options & EXT4_DATA_MODE == EXT4_DATA_JOURNAL {
            return Some(Cause::JournalledData);
        }
    }
    (written && flags & EXT4_EXTENTS == 0).then_some(Cause::HoleFilled)
}

/// A write of part of a block to a file that shares extents, or where all data is written to new places
/// (`xfs_is_cow_inode`).
#[inline(always)]
fn xfs(inode: KernelPtr<ByHelper>) -> Option<Cause> {
    if !has!(xfs_inode_i_vnode) || !has!(xfs_inode_i_diflags2) {
        return Some(Cause::FilesystemBlock);
    }
    let own = inode.container(layout!(xfs_inode_i_vnode));
    let flags = own.read::<u64>(layout!(xfs_inode_i_diflags2));
    Some(if flags & XFS_REFLINK != 0 {
        Cause::SharedExtents
    } else {
        Cause::FilesystemBlock
    })
}

/// `f2fs_should_use_dio`.
#[inline(always)]
fn f2fs(inode: KernelPtr<ByHelper>) -> Option<Cause> {
    if !has!(f2fs_inode_info_vfs_inode) || !has!(f2fs_inode_info_i_flags) {
        return None;
    }
    let own = inode.container(layout!(f2fs_inode_info_vfs_inode));
    if own.read::<u64>(layout!(f2fs_inode_info_i_flags)) & F2FS_COMPRESSED != 0 {
        return Some(Cause::Compression);
    }
    if has!(f2fs_inode_info_flags) && has!(fi_inline_data) {
        let flags = own.read::<u64>(layout!(f2fs_inode_info_flags));
        if flags & (1 << (layout!(fi_inline_data) & 63)) != 0 {
            return Some(Cause::InlineData);
        }
    }
    None
}
