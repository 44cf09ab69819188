//! Offsets of what the probes read in the running kernel. Rust emits no CO-RE relocations, so userspace
//! resolves every member and enumerator from the kernel's BTF and passes the result as a read-only
//! global: to the verifier these are constants.

use bytemuck::{Pod, Zeroable};

/// Name of the probe object's global that holds [`Layout`].
pub const LAYOUT_GLOBAL: &str = "LAYOUT";

/// Value of a member or enumerator that this kernel does not have.
pub const ABSENT: u32 = u32::MAX;

/// Whether the probes can do without a field of [`Layout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Every supported kernel has it: a kernel without it is unlike any that is known.
    Required,
    /// Some supported kernel does not have it, and the probes do without.
    Optional,
}

/// How one field of [`Layout`] is found in BTF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BtfItem {
    /// Byte offset of a member. Alternatives are tried in turn: members were renamed over time;
    /// `a.b` goes through a named member, unnamed structs and unions are searched by themselves.
    Member(&'static str, &'static [&'static str]),
    /// Value of an enumerator, whatever enumeration it stands in.
    Enumerator(&'static str),
}

macro_rules! layout {
    ($($(#[$meta:meta])* $field:ident: $presence:ident = $item:expr,)+) => {
        /// Byte offsets and enumerator values of the running kernel, [`ABSENT`] where it has none.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
        #[repr(C)]
        pub struct Layout {
            $($(#[$meta])* pub $field: u32,)+
        }

        impl Layout {
            /// Nothing is known.
            pub const UNKNOWN: Self = Self { $($field: ABSENT,)+ };

            /// Fills in every field by asking `resolve` for its item.
            pub fn resolve(mut resolve: impl FnMut(Presence, BtfItem) -> u32) -> Self {
                Self { $($field: resolve(Presence::$presence, $item),)+ }
            }
        }
    };
}

layout! {
    /// `kiocb.ki_filp`.
    kiocb_ki_filp: Required = BtfItem::Member("kiocb", &["ki_filp"]),
    /// `kiocb.ki_pos`.
    kiocb_ki_pos: Required = BtfItem::Member("kiocb", &["ki_pos"]),
    /// `kiocb.ki_complete`.
    kiocb_ki_complete: Required = BtfItem::Member("kiocb", &["ki_complete"]),
    /// `kiocb.ki_flags`.
    kiocb_ki_flags: Required = BtfItem::Member("kiocb", &["ki_flags"]),
    /// `iov_iter.iter_type`, formerly or later `type`.
    iov_iter_type: Required = BtfItem::Member("iov_iter", &["iter_type", "type"]),
    /// `iov_iter.data_source`; 5.10 keeps direction and kind in one word.
    iov_iter_data_source: Optional = BtfItem::Member("iov_iter", &["data_source"]),
    /// `iov_iter.iov_offset`.
    iov_iter_iov_offset: Required = BtfItem::Member("iov_iter", &["iov_offset"]),
    /// `iov_iter.count`.
    iov_iter_count: Required = BtfItem::Member("iov_iter", &["count"]),
    /// `iov_iter.nr_segs`.
    iov_iter_nr_segs: Required = BtfItem::Member("iov_iter", &["nr_segs"]),
    /// `iov_iter.__iov`, formerly or later `iov`.
    iov_iter_iov: Required = BtfItem::Member("iov_iter", &["__iov", "iov"]),
    /// `iov_iter.ubuf`, from 6.0.
    iov_iter_ubuf: Optional = BtfItem::Member("iov_iter", &["ubuf"]),
    /// `iov_iter.bvec`.
    iov_iter_bvec: Required = BtfItem::Member("iov_iter", &["bvec"]),
    /// `file.f_inode`.
    file_f_inode: Required = BtfItem::Member("file", &["f_inode"]),
    /// `file.f_mapping`.
    file_f_mapping: Required = BtfItem::Member("file", &["f_mapping"]),
    /// `file.f_path.dentry`, formerly or later `__f_path.dentry`.
    file_f_path_dentry: Required = BtfItem::Member("file", &["f_path.dentry", "__f_path.dentry"]),
    /// `file.f_path.mnt`, formerly or later `__f_path.mnt`.
    file_f_path_mnt: Required = BtfItem::Member("file", &["f_path.mnt", "__f_path.mnt"]),
    /// `backing_file.user_path.dentry`, from 6.5.
    backing_file_user_path_dentry: Optional = BtfItem::Member("backing_file", &["user_path.dentry"]),
    /// `backing_file.user_path.mnt`, from 6.5.
    backing_file_user_path_mnt: Optional = BtfItem::Member("backing_file", &["user_path.mnt"]),
    /// `address_space.host`.
    address_space_host: Required = BtfItem::Member("address_space", &["host"]),
    /// `inode.i_sb`.
    inode_i_sb: Required = BtfItem::Member("inode", &["i_sb"]),
    /// `inode.i_ino`.
    inode_i_ino: Required = BtfItem::Member("inode", &["i_ino"]),
    /// `inode.i_mode`.
    inode_i_mode: Required = BtfItem::Member("inode", &["i_mode"]),
    /// `inode.i_rdev`.
    inode_i_rdev: Required = BtfItem::Member("inode", &["i_rdev"]),
    /// `inode.i_size`.
    inode_i_size: Required = BtfItem::Member("inode", &["i_size"]),
    /// `inode.i_flags`.
    inode_i_flags: Required = BtfItem::Member("inode", &["i_flags"]),
    /// `inode.i_blkbits`.
    inode_i_blkbits: Required = BtfItem::Member("inode", &["i_blkbits"]),
    /// `inode.i_generation`.
    inode_i_generation: Required = BtfItem::Member("inode", &["i_generation"]),
    /// `super_block.s_dev`.
    super_block_s_dev: Required = BtfItem::Member("super_block", &["s_dev"]),
    /// `super_block.s_bdev`.
    super_block_s_bdev: Required = BtfItem::Member("super_block", &["s_bdev"]),
    /// `super_block.s_magic`.
    super_block_s_magic: Required = BtfItem::Member("super_block", &["s_magic"]),
    /// `super_block.s_type`.
    super_block_s_type: Required = BtfItem::Member("super_block", &["s_type"]),
    /// `super_block.s_fs_info`.
    super_block_s_fs_info: Required = BtfItem::Member("super_block", &["s_fs_info"]),
    /// `btrfs_fs_info.fs_devices`, like the next three only while the btrfs module is loaded and has BTF.
    btrfs_fs_info_fs_devices: Optional = BtfItem::Member("btrfs_fs_info", &["fs_devices"]),
    /// `btrfs_fs_devices.latest_bdev`, up to 5.15.
    btrfs_fs_devices_latest_bdev: Optional = BtfItem::Member("btrfs_fs_devices", &["latest_bdev"]),
    /// `btrfs_fs_devices.latest_dev`, from 5.16.
    btrfs_fs_devices_latest_dev: Optional = BtfItem::Member("btrfs_fs_devices", &["latest_dev"]),
    /// `btrfs_device.bdev`.
    btrfs_device_bdev: Optional = BtfItem::Member("btrfs_device", &["bdev"]),
    /// `btrfs_inode.vfs_inode`.
    btrfs_inode_vfs_inode: Optional = BtfItem::Member("btrfs_inode", &["vfs_inode"]),
    /// `btrfs_inode.flags`.
    btrfs_inode_flags: Optional = BtfItem::Member("btrfs_inode", &["flags"]),
    /// `ext4_inode_info.vfs_inode`.
    ext4_inode_info_vfs_inode: Optional = BtfItem::Member("ext4_inode_info", &["vfs_inode"]),
    /// `ext4_inode_info.i_flags`.
    ext4_inode_info_i_flags: Optional = BtfItem::Member("ext4_inode_info", &["i_flags"]),
    /// `ext4_sb_info.s_mount_opt`.
    ext4_sb_info_s_mount_opt: Optional = BtfItem::Member("ext4_sb_info", &["s_mount_opt"]),
    /// `ext4_sb_info.s_awu_min`, from 6.13.
    ext4_sb_info_s_awu_min: Optional = BtfItem::Member("ext4_sb_info", &["s_awu_min"]),
    /// `ext4_sb_info.s_awu_max`, from 6.13.
    ext4_sb_info_s_awu_max: Optional = BtfItem::Member("ext4_sb_info", &["s_awu_max"]),
    /// `f2fs_inode_info.vfs_inode`.
    f2fs_inode_info_vfs_inode: Optional = BtfItem::Member("f2fs_inode_info", &["vfs_inode"]),
    /// `f2fs_inode_info.i_flags`.
    f2fs_inode_info_i_flags: Optional = BtfItem::Member("f2fs_inode_info", &["i_flags"]),
    /// `f2fs_inode_info.flags`.
    f2fs_inode_info_flags: Optional = BtfItem::Member("f2fs_inode_info", &["flags"]),
    /// `xfs_inode.i_vnode`.
    xfs_inode_i_vnode: Optional = BtfItem::Member("xfs_inode", &["i_vnode"]),
    /// `xfs_inode.i_diflags`.
    xfs_inode_i_diflags: Optional = BtfItem::Member("xfs_inode", &["i_diflags"]),
    /// `xfs_inode.i_diflags2`.
    xfs_inode_i_diflags2: Optional = BtfItem::Member("xfs_inode", &["i_diflags2"]),
    /// `xfs_inode.i_mount`.
    xfs_inode_i_mount: Optional = BtfItem::Member("xfs_inode", &["i_mount"]),
    /// `xfs_mount.m_rtdev_targp`.
    xfs_mount_m_rtdev_targp: Optional = BtfItem::Member("xfs_mount", &["m_rtdev_targp"]),
    /// `xfs_mount.m_groups`, from 6.16; its first element is that of the data device.
    xfs_mount_m_groups: Optional = BtfItem::Member("xfs_mount", &["m_groups"]),
    /// `xfs_groups.awu_max`, from 6.16.
    xfs_groups_awu_max: Optional = BtfItem::Member("xfs_groups", &["awu_max"]),
    /// `xfs_buftarg.bt_bdev`.
    xfs_buftarg_bt_bdev: Optional = BtfItem::Member("xfs_buftarg", &["bt_bdev"]),
    /// `file_system_type.name`.
    file_system_type_name: Required = BtfItem::Member("file_system_type", &["name"]),
    /// `block_device.bd_dev`.
    block_device_bd_dev: Required = BtfItem::Member("block_device", &["bd_dev"]),
    /// `block_device.bd_start_sect`, from 5.11.
    block_device_bd_start_sect: Optional = BtfItem::Member("block_device", &["bd_start_sect"]),
    /// `block_device.bd_disk`.
    block_device_bd_disk: Required = BtfItem::Member("block_device", &["bd_disk"]),
    /// `bdev_inode.bdev`.
    bdev_inode_bdev: Required = BtfItem::Member("bdev_inode", &["bdev"]),
    /// `bdev_inode.vfs_inode`.
    bdev_inode_vfs_inode: Required = BtfItem::Member("bdev_inode", &["vfs_inode"]),
    /// `gendisk.queue`.
    gendisk_queue: Required = BtfItem::Member("gendisk", &["queue"]),
    /// `gendisk.disk_name`.
    gendisk_disk_name: Required = BtfItem::Member("gendisk", &["disk_name"]),
    /// `gendisk.private_data`.
    gendisk_private_data: Required = BtfItem::Member("gendisk", &["private_data"]),
    /// `mapped_device.map`.
    mapped_device_map: Optional = BtfItem::Member("mapped_device", &["map"]),
    /// `dm_table.targets`.
    dm_table_targets: Optional = BtfItem::Member("dm_table", &["targets"]),
    /// `dm_target.type`.
    dm_target_type: Optional = BtfItem::Member("dm_target", &["type"]),
    /// `target_type.name`.
    target_type_name: Optional = BtfItem::Member("target_type", &["name"]),
    /// `request_queue.mq_ops`.
    request_queue_mq_ops: Required = BtfItem::Member("request_queue", &["mq_ops"]),
    /// `request_queue.limits`.
    request_queue_limits: Required = BtfItem::Member("request_queue", &["limits"]),
    /// `request_queue.dma_alignment`, up to 6.0.10; then it is in `queue_limits`.
    request_queue_dma_alignment: Optional = BtfItem::Member("request_queue", &["dma_alignment"]),
    /// `queue_limits.logical_block_size`.
    queue_limits_logical_block_size: Required = BtfItem::Member("queue_limits", &["logical_block_size"]),
    /// `queue_limits.physical_block_size`.
    queue_limits_physical_block_size: Required = BtfItem::Member("queue_limits", &["physical_block_size"]),
    /// `queue_limits.dma_alignment`, from 6.0.10.
    queue_limits_dma_alignment: Optional = BtfItem::Member("queue_limits", &["dma_alignment"]),
    /// `queue_limits.atomic_write_unit_min`, from 6.11.
    queue_limits_atomic_write_unit_min: Optional = BtfItem::Member("queue_limits", &["atomic_write_unit_min"]),
    /// `queue_limits.atomic_write_unit_max`, from 6.11.
    queue_limits_atomic_write_unit_max: Optional = BtfItem::Member("queue_limits", &["atomic_write_unit_max"]),
    /// `queue_limits.virt_boundary_mask`.
    queue_limits_virt_boundary_mask: Required = BtfItem::Member("queue_limits", &["virt_boundary_mask"]),
    /// `task_struct.group_leader`.
    task_struct_group_leader: Required = BtfItem::Member("task_struct", &["group_leader"]),
    /// `task_struct.comm`.
    task_struct_comm: Required = BtfItem::Member("task_struct", &["comm"]),
    /// `task_struct.tgid`.
    task_struct_tgid: Required = BtfItem::Member("task_struct", &["tgid"]),
    /// `io_kiocb.flags`; `io_uring` may be configured out.
    io_kiocb_flags: Optional = BtfItem::Member("io_kiocb", &["flags"]),
    /// `backing_aio.orig_iocb`, from 6.7; like the next one only while overlayfs' module is loaded.
    backing_aio_orig_iocb: Optional = BtfItem::Member("backing_aio", &["orig_iocb"]),
    /// `ovl_aio_req.orig_iocb`, up to 6.6.
    ovl_aio_req_orig_iocb: Optional = BtfItem::Member("ovl_aio_req", &["orig_iocb"]),
    /// `bio.bi_bdev`, from 5.12; before, a bio names its device by number.
    bio_bi_bdev: Optional = BtfItem::Member("bio", &["bi_bdev"]),
    /// `bio.bi_private`.
    bio_bi_private: Optional = BtfItem::Member("bio", &["bi_private"]),
    /// `bio.bi_opf`.
    bio_bi_opf: Required = BtfItem::Member("bio", &["bi_opf"]),
    /// `bio.bi_iter`.
    bio_bi_iter: Required = BtfItem::Member("bio", &["bi_iter"]),
    /// `bvec_iter.bi_size`.
    bvec_iter_bi_size: Required = BtfItem::Member("bvec_iter", &["bi_size"]),
    /// `bio.bi_flags`.
    bio_bi_flags: Required = BtfItem::Member("bio", &["bi_flags"]),
    /// `iomap_dio.iocb`.
    iomap_dio_iocb: Required = BtfItem::Member("iomap_dio", &["iocb"]),
    /// `iomap_dio.size`.
    iomap_dio_size: Required = BtfItem::Member("iomap_dio", &["size"]),
    /// `iomap_dio.flags`.
    iomap_dio_flags: Optional = BtfItem::Member("iomap_dio", &["flags"]),
    /// `iomap_dio.error`.
    iomap_dio_error: Required = BtfItem::Member("iomap_dio", &["error"]),
    /// `dentry.d_name.name`, formerly or later `__d_name.name`.
    dentry_d_name: Required = BtfItem::Member("dentry", &["d_name.name", "__d_name.name"]),
    /// `dentry.d_name.hash`, formerly or later `__d_name.hash`.
    dentry_d_name_hash: Optional = BtfItem::Member("dentry", &["d_name.hash", "__d_name.hash"]),
    /// `dentry.d_inode`.
    dentry_d_inode: Required = BtfItem::Member("dentry", &["d_inode"]),
    /// `dentry.d_parent`.
    dentry_d_parent: Required = BtfItem::Member("dentry", &["d_parent"]),
    /// `vfsmount.mnt_root`.
    vfsmount_mnt_root: Required = BtfItem::Member("vfsmount", &["mnt_root"]),
    /// `mount.mnt`.
    mount_mnt: Required = BtfItem::Member("mount", &["mnt"]),
    /// `mount.mnt_parent`.
    mount_mnt_parent: Required = BtfItem::Member("mount", &["mnt_parent"]),
    /// `mount.mnt_ns`.
    mount_mnt_ns: Required = BtfItem::Member("mount", &["mnt_ns"]),
    /// `mount.mnt_mountpoint`.
    mount_mnt_mountpoint: Required = BtfItem::Member("mount", &["mnt_mountpoint"]),
    /// `ITER_UBUF`, from 6.0.
    iter_ubuf: Optional = BtfItem::Enumerator("ITER_UBUF"),
    /// `ITER_IOVEC`.
    iter_iovec: Required = BtfItem::Enumerator("ITER_IOVEC"),
    /// `ITER_KVEC`.
    iter_kvec: Required = BtfItem::Enumerator("ITER_KVEC"),
    /// `ITER_BVEC`.
    iter_bvec: Required = BtfItem::Enumerator("ITER_BVEC"),
    /// `BIO_CLONED`; without it clones are counted as bios of the request.
    bio_cloned: Optional = BtfItem::Enumerator("BIO_CLONED"),
    /// `__REQ_META`; without it metadata is counted as bios of the request.
    req_meta_bit: Optional = BtfItem::Enumerator("__REQ_META"),
    /// `FI_INLINE_DATA` of f2fs.
    fi_inline_data: Optional = BtfItem::Enumerator("FI_INLINE_DATA"),
    /// `REQ_F_NOWAIT_BIT`; `io_uring` may be configured out.
    req_f_nowait_bit: Optional = BtfItem::Enumerator("REQ_F_NOWAIT_BIT"),
}
