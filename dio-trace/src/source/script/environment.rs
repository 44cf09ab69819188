//! The host of the script.

use crate::model::{
    Attachment, Device, Environment, Evidence, LimitSource, Limits, RuleSet, Timestamp,
};

/// Start of the scripted trace: 2026-11-24 03:00:00 UTC.
pub const STARTED: Timestamp = Timestamp(1_795_489_200_000_000_000);

/// Limits of the script's disks, in order of [`Disk`].
const LIMITS: [Limits; 4] = [
    limits(512, 512, 3, 4095, 4096),
    limits(4096, 4096, 3, 4095, 4096),
    limits(512, 4096, 511, 0, 4096),
    limits(4096, 4096, 511, 0, 4096),
];

/// A disk of the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disk {
    /// An `NVMe` disk with 512-byte blocks.
    Nvme512 = 0,
    /// An `NVMe` disk with 4096-byte blocks.
    Nvme4K = 1,
    /// A SATA disk.
    Sata = 2,
    /// A compressed disk in memory.
    Zram = 3,
}

impl Disk {
    const ALL: [Self; 4] = [Self::Nvme512, Self::Nvme4K, Self::Sata, Self::Zram];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nvme512 => "nvme0n1",
            Self::Nvme4K => "nvme1n1",
            Self::Sata => "sda",
            Self::Zram => "zram0",
        }
    }

    pub(super) const fn number(self) -> (u32, u32) {
        match self {
            Self::Nvme512 => (259, 0),
            Self::Nvme4K => (259, 5),
            Self::Sata => (8, 0),
            Self::Zram => (252, 0),
        }
    }

    pub(super) const fn limits(self) -> Limits {
        LIMITS[self as usize]
    }
}

const fn limits(logical: u32, physical: u32, dma: u32, boundary: u32, block: u32) -> Limits {
    Limits {
        logical_block_size: logical,
        physical_block_size: physical,
        dma_alignment: dma,
        virt_boundary_mask: boundary,
        filesystem_block_size: block,
    }
}

/// A kernel 6.12 on a host with one thing missing from its plan.
pub(super) fn night() -> Environment {
    let text = str::to_owned;
    Environment {
        tool_version: text("0.1.0"),
        host: text("db7"),
        kernel_release: text("6.12.48+deb13-amd64"),
        architecture: text("x86_64"),
        cpus: 32,
        rule_set: RuleSet::DmaAddress,
        evidence: vec![
            evidence(
                "bio_iov_iter_get_pages arguments",
                "2",
                "rule sets up to 6.17",
            ),
            evidence(
                "iov_iter_is_aligned",
                "present",
                "memory addresses follow the dma alignment",
            ),
        ],
        command_line: vec![
            text("dio-trace"),
            text("record"),
            text("-o"),
            text("night.dio"),
        ],
        traced_command: None,
        started: STARTED,
        clock: text("CLOCK_BOOTTIME mapped to UTC at each batch"),
        filters: Vec::new(),
        attachments: vec![
            attached(
                "iomap_dio_rw",
                "vmlinux",
                "every direct request on iomap filesystems",
            ),
            attached(
                "blkdev_direct_IO",
                "vmlinux",
                "requests on raw block devices",
            ),
            attached(
                "xfs_file_write_iter",
                "xfs",
                "writes that XFS refuses itself",
            ),
            attached(
                "btrfs_direct_read",
                "btrfs",
                "reads that btrfs serves from the page cache",
            ),
            attached(
                "block_bio_queue",
                "vmlinux",
                "bios and splits of each request",
            ),
            Attachment {
                function: text("ext4_file_write_iter"),
                module: text("ext4"),
                gives: text("writes that ext4 does through the page cache"),
                method: None,
                note: Some(text("ext4 is not loaded")),
                failures: Vec::new(),
                lost: text("nothing here: no ext4 filesystem is mounted"),
            },
        ],
        devices: Disk::ALL.iter().map(|disk| device(*disk)).collect(),
    }
}

fn evidence(subject: &str, found: &str, meaning: &str) -> Evidence {
    Evidence {
        subject: subject.into(),
        found: found.into(),
        meaning: meaning.into(),
    }
}

fn attached(function: &str, module: &str, gives: &str) -> Attachment {
    let method = if module == "vmlinux" {
        "fentry/fexit"
    } else {
        "kprobe/kretprobe"
    };
    Attachment {
        function: function.into(),
        module: module.into(),
        gives: gives.into(),
        method: Some(method.into()),
        note: None,
        failures: Vec::new(),
        lost: String::new(),
    }
}

fn device(disk: Disk) -> Device {
    let (major, minor) = disk.number();
    Device {
        disk: disk.name().into(),
        device: format!("{major}:{minor}"),
        limits: disk.limits(),
        source: LimitSource::Sysfs,
        members: Vec::new(),
    }
}
