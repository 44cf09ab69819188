//! Where the running kernel keeps what the probes read. Rust emits no CO-RE relocations, so
//! userspace resolves every member and enumerator from the kernel's BTF and passes the result as
//! a read-only global: to the verifier these are constants.

use bytemuck::{Pod, Zeroable};

/// Name of the probe object's global that holds [`Layout`].
pub const LAYOUT_GLOBAL: &str = "LAYOUT";

/// Value of a member or enumerator that this kernel does not have.
pub const ABSENT: u32 = u32::MAX;

/// How one field of [`Layout`] is found in BTF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Byte offset of a member. Alternatives are tried in turn: members were renamed over time;
    /// `a.b` goes through a named member, unnamed structs and unions are searched by themselves.
    Member(&'static str, &'static [&'static str]),
    /// Value of an enumerator, whatever enumeration it stands in.
    Enumerator(&'static str),
}

macro_rules! layout {
    ($($(#[$meta:meta])* $field:ident: $origin:expr,)+) => {
        /// Byte offsets and enumerator values of the running kernel, [`ABSENT`] where it has none.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
        #[repr(C)]
        pub struct Layout {
            $($(#[$meta])* pub $field: u32,)+
        }

        impl Layout {
            /// Nothing is known.
            pub const UNKNOWN: Self = Self { $($field: ABSENT,)+ };

            /// Every field with its origin.
            pub const FIELDS: &'static [(&'static str, Origin)] =
                &[$((stringify!($field), $origin),)+];

            /// Fills in every field by asking `resolve` for its origin.
            pub fn resolve(mut resolve: impl FnMut(&'static str, Origin) -> u32) -> Self {
                Self { $($field: resolve(stringify!($field), $origin),)+ }
            }
        }
    };
}

layout! {
    /// `kiocb.ki_filp`.
    kiocb_ki_filp: Origin::Member("kiocb", &["ki_filp"]),
    /// `kiocb.ki_pos`.
    kiocb_ki_pos: Origin::Member("kiocb", &["ki_pos"]),
    /// `kiocb.ki_complete`.
    kiocb_ki_complete: Origin::Member("kiocb", &["ki_complete"]),
    /// `kiocb.ki_flags`.
    kiocb_ki_flags: Origin::Member("kiocb", &["ki_flags"]),
    /// `iov_iter.iter_type`, formerly or later `type`.
    iov_iter_type: Origin::Member("iov_iter", &["iter_type", "type"]),
    /// `iov_iter.data_source`.
    iov_iter_data_source: Origin::Member("iov_iter", &["data_source"]),
    /// `iov_iter.iov_offset`.
    iov_iter_iov_offset: Origin::Member("iov_iter", &["iov_offset"]),
    /// `iov_iter.count`.
    iov_iter_count: Origin::Member("iov_iter", &["count"]),
    /// `iov_iter.nr_segs`.
    iov_iter_nr_segs: Origin::Member("iov_iter", &["nr_segs"]),
    /// `iov_iter.__iov`, formerly or later `iov`.
    iov_iter_iov: Origin::Member("iov_iter", &["__iov", "iov"]),
    /// `iov_iter.ubuf`.
    iov_iter_ubuf: Origin::Member("iov_iter", &["ubuf"]),
    /// `iov_iter.bvec`.
    iov_iter_bvec: Origin::Member("iov_iter", &["bvec"]),
    /// `file.f_inode`.
    file_f_inode: Origin::Member("file", &["f_inode"]),
    /// `file.f_mapping`.
    file_f_mapping: Origin::Member("file", &["f_mapping"]),
    /// `file.f_path.dentry`, formerly or later `__f_path.dentry`.
    file_f_path_dentry: Origin::Member("file", &["f_path.dentry", "__f_path.dentry"]),
    /// `file.f_path.mnt`, formerly or later `__f_path.mnt`.
    file_f_path_mnt: Origin::Member("file", &["f_path.mnt", "__f_path.mnt"]),
    /// `backing_file.user_path.dentry`, from 6.5.
    backing_file_user_path_dentry: Origin::Member("backing_file", &["user_path.dentry"]),
    /// `backing_file.user_path.mnt`, from 6.5.
    backing_file_user_path_mnt: Origin::Member("backing_file", &["user_path.mnt"]),
    /// `address_space.host`.
    address_space_host: Origin::Member("address_space", &["host"]),
    /// `inode.i_sb`.
    inode_i_sb: Origin::Member("inode", &["i_sb"]),
    /// `inode.i_ino`.
    inode_i_ino: Origin::Member("inode", &["i_ino"]),
    /// `inode.i_mode`.
    inode_i_mode: Origin::Member("inode", &["i_mode"]),
    /// `inode.i_rdev`.
    inode_i_rdev: Origin::Member("inode", &["i_rdev"]),
    /// `inode.i_size`.
    inode_i_size: Origin::Member("inode", &["i_size"]),
    /// `inode.i_blkbits`.
    inode_i_blkbits: Origin::Member("inode", &["i_blkbits"]),
    /// `inode.i_generation`.
    inode_i_generation: Origin::Member("inode", &["i_generation"]),
    /// `super_block.s_dev`.
    super_block_s_dev: Origin::Member("super_block", &["s_dev"]),
    /// `super_block.s_bdev`.
    super_block_s_bdev: Origin::Member("super_block", &["s_bdev"]),
    /// `super_block.s_magic`.
    super_block_s_magic: Origin::Member("super_block", &["s_magic"]),
    /// `super_block.s_type`.
    super_block_s_type: Origin::Member("super_block", &["s_type"]),
    /// `super_block.s_fs_info`.
    super_block_s_fs_info: Origin::Member("super_block", &["s_fs_info"]),
    /// `btrfs_fs_info.fs_devices`.
    btrfs_fs_info_fs_devices: Origin::Member("btrfs_fs_info", &["fs_devices"]),
    /// `btrfs_fs_devices.latest_bdev`, up to 5.15.
    btrfs_fs_devices_latest_bdev: Origin::Member("btrfs_fs_devices", &["latest_bdev"]),
    /// `btrfs_fs_devices.latest_dev`, from 5.16.
    btrfs_fs_devices_latest_dev: Origin::Member("btrfs_fs_devices", &["latest_dev"]),
    /// `btrfs_device.bdev`.
    btrfs_device_bdev: Origin::Member("btrfs_device", &["bdev"]),
    /// `file_system_type.name`.
    file_system_type_name: Origin::Member("file_system_type", &["name"]),
    /// `block_device.bd_dev`.
    block_device_bd_dev: Origin::Member("block_device", &["bd_dev"]),
    /// `block_device.bd_disk`.
    block_device_bd_disk: Origin::Member("block_device", &["bd_disk"]),
    /// `bdev_inode.bdev`.
    bdev_inode_bdev: Origin::Member("bdev_inode", &["bdev"]),
    /// `bdev_inode.vfs_inode`.
    bdev_inode_vfs_inode: Origin::Member("bdev_inode", &["vfs_inode"]),
    /// `gendisk.queue`.
    gendisk_queue: Origin::Member("gendisk", &["queue"]),
    /// `gendisk.disk_name`.
    gendisk_disk_name: Origin::Member("gendisk", &["disk_name"]),
    /// `request_queue.limits`.
    request_queue_limits: Origin::Member("request_queue", &["limits"]),
    /// `request_queue.dma_alignment`.
    request_queue_dma_alignment: Origin::Member("request_queue", &["dma_alignment"]),
    /// `queue_limits.logical_block_size`.
    queue_limits_logical_block_size: Origin::Member("queue_limits", &["logical_block_size"]),
    /// `queue_limits.physical_block_size`.
    queue_limits_physical_block_size: Origin::Member("queue_limits", &["physical_block_size"]),
    /// `queue_limits.dma_alignment`.
    queue_limits_dma_alignment: Origin::Member("queue_limits", &["dma_alignment"]),
    /// `queue_limits.virt_boundary_mask`.
    queue_limits_virt_boundary_mask: Origin::Member("queue_limits", &["virt_boundary_mask"]),
    /// `task_struct.group_leader`.
    task_struct_group_leader: Origin::Member("task_struct", &["group_leader"]),
    /// `task_struct.comm`.
    task_struct_comm: Origin::Member("task_struct", &["comm"]),
    /// `task_struct.tgid`.
    task_struct_tgid: Origin::Member("task_struct", &["tgid"]),
    /// `task_struct.pid`.
    task_struct_pid: Origin::Member("task_struct", &["pid"]),
    /// `io_kiocb.flags`.
    io_kiocb_flags: Origin::Member("io_kiocb", &["flags"]),
    /// `io_kiocb.task`.
    io_kiocb_task: Origin::Member("io_kiocb", &["task"]),
    /// `backing_aio.orig_iocb`, from 6.7.
    backing_aio_orig_iocb: Origin::Member("backing_aio", &["orig_iocb"]),
    /// `ovl_aio_req.orig_iocb`, up to 6.6.
    ovl_aio_req_orig_iocb: Origin::Member("ovl_aio_req", &["orig_iocb"]),
    /// `bio.bi_bdev`.
    bio_bi_bdev: Origin::Member("bio", &["bi_bdev"]),
    /// `bio.bi_disk`.
    bio_bi_disk: Origin::Member("bio", &["bi_disk"]),
    /// `bio.bi_opf`.
    bio_bi_opf: Origin::Member("bio", &["bi_opf"]),
    /// `bio.bi_iter`.
    bio_bi_iter: Origin::Member("bio", &["bi_iter"]),
    /// `bvec_iter.bi_size`.
    bvec_iter_bi_size: Origin::Member("bvec_iter", &["bi_size"]),
    /// `bio.bi_flags`.
    bio_bi_flags: Origin::Member("bio", &["bi_flags"]),
    /// `iomap_dio.iocb`.
    iomap_dio_iocb: Origin::Member("iomap_dio", &["iocb"]),
    /// `iomap_dio.size`.
    iomap_dio_size: Origin::Member("iomap_dio", &["size"]),
    /// `iomap_dio.error`.
    iomap_dio_error: Origin::Member("iomap_dio", &["error"]),
    /// `dentry.d_name.name`, formerly or later `__d_name.name`.
    dentry_d_name: Origin::Member("dentry", &["d_name.name", "__d_name.name"]),
    /// `dentry.d_parent`.
    dentry_d_parent: Origin::Member("dentry", &["d_parent"]),
    /// `vfsmount.mnt_root`.
    vfsmount_mnt_root: Origin::Member("vfsmount", &["mnt_root"]),
    /// `mount.mnt`.
    mount_mnt: Origin::Member("mount", &["mnt"]),
    /// `mount.mnt_parent`.
    mount_mnt_parent: Origin::Member("mount", &["mnt_parent"]),
    /// `mount.mnt_ns`.
    mount_mnt_ns: Origin::Member("mount", &["mnt_ns"]),
    /// `mount.mnt_mountpoint`.
    mount_mnt_mountpoint: Origin::Member("mount", &["mnt_mountpoint"]),
    /// `ITER_UBUF`.
    iter_ubuf: Origin::Enumerator("ITER_UBUF"),
    /// `ITER_IOVEC`.
    iter_iovec: Origin::Enumerator("ITER_IOVEC"),
    /// `ITER_KVEC`.
    iter_kvec: Origin::Enumerator("ITER_KVEC"),
    /// `ITER_BVEC`.
    iter_bvec: Origin::Enumerator("ITER_BVEC"),
    /// `BIO_CLONED`.
    bio_cloned: Origin::Enumerator("BIO_CLONED"),
    /// `__REQ_META`.
    req_meta_bit: Origin::Enumerator("__REQ_META"),
    /// `REQ_F_NOWAIT_BIT`.
    req_f_nowait_bit: Origin::Enumerator("REQ_F_NOWAIT_BIT"),
}
