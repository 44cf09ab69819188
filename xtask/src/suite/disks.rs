//! The guest's disks, found by driver and block size, with their limits from sysfs.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use dio_trace_ebpf::rules::Limits;

/// Directory in which `cargo xtask vm` puts the names of its disks. Other machines do not have it,
/// so nothing can be overwritten there.
const NAMES: &str = "/dev/disk/by-dio";

/// A disk that a place is made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// No disk: the place makes its own device or needs none.
    Own,
    /// A disk of the guest, by driver and logical block size in bytes.
    Disk(&'static str),
}

pub(super) const NVME_512: Base = Base::Disk("nvme-512");
pub(super) const NVME_4096: Base = Base::Disk("nvme-4096");
pub(super) const VIRTIO_512: Base = Base::Disk("virtio-blk-512");
pub(super) const VIRTIO_4096: Base = Base::Disk("virtio-blk-4096");
pub(super) const SCSI_512: Base = Base::Disk("virtio-scsi-512");

/// Whether this machine is a guest of `cargo xtask vm`.
pub(crate) fn is_guest() -> bool {
    Path::new(NAMES).is_dir()
}

impl Base {
    /// The device's path; `None` where this guest has no such disk.
    pub(super) fn find(self) -> Option<String> {
        let Self::Disk(name) = self else {
            return Some(String::new());
        };
        let path = fs::canonicalize(Path::new(NAMES).join(name)).ok()?;
        Some(path.to_string_lossy().into_owned())
    }
}

/// Path of a disk with blocks of 4096 bytes; `None` where this guest has none.
pub(super) fn with_blocks_of_4096() -> Option<String> {
    VIRTIO_4096.find().or_else(|| NVME_4096.find())
}

/// Limits of a disk (`/dev/NAME` or `NAME`). A limit that sysfs does not have gets its default.
pub(super) fn limits(device: &str) -> Limits {
    let name = short_name(device);
    Limits {
        logical_block_size: number(&name, "logical_block_size").unwrap_or(0),
        physical_block_size: number(&name, "physical_block_size").unwrap_or(0),
        // In sysfs from 6.0 on; older kernels do not use them.
        dma_alignment: number(&name, "dma_alignment").unwrap_or(511),
        virt_boundary_mask: number(&name, "virt_boundary_mask").unwrap_or(0),
        filesystem_block_size: 0,
    }
}

/// Whether this kernel's sysfs has the dma alignment.
pub(super) fn tells_dma_alignment(device: &str) -> bool {
    number(&short_name(device), "dma_alignment").is_some()
}

/// Whether a disk is made of chunks that no bio may cross. Every bio is then checked for splitting
/// (`bio_may_need_split`).
pub(super) fn has_chunks(device: &str) -> bool {
    number(&short_name(device), "chunk_sectors").is_some_and(|sectors| sectors != 0)
}

/// The kernel's name of a device: `dm-0` for `/dev/mapper/x`.
pub(super) fn short_name(device: &str) -> String {
    let by_number = fs::metadata(device).ok().and_then(|node| {
        let (major, minor) = (libc::major(node.rdev()), libc::minor(node.rdev()));
        fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok()
    });
    let path = by_number.unwrap_or_else(|| device.into());
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn number(disk: &str, limit: &str) -> Option<u32> {
    fs::read_to_string(format!("/sys/block/{disk}/queue/{limit}"))
        .ok()?
        .trim()
        .parse()
        .ok()
}
