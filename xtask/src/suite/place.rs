//! A place for requests: a device or a file, made for the test and removed after it.

use anyhow::{Context, bail};
use dio_trace_ebpf::rules::Limits;

use super::{
    disks::{self, Base},
    shell,
};

/// One row of the table of places.
pub(super) struct Place {
    pub(super) name: &'static str,
    /// The disk it is made on, `$DISK` in the scripts.
    pub(super) base: Base,
    /// Programs it needs.
    pub(super) tools: &'static [&'static str],
    /// A kernel module it needs, empty for none.
    pub(super) module: &'static str,
    /// Script that makes it. `$MNT` is an empty directory. It prints the target, the device whose
    /// limits apply (`-` for none) and, where requests end up on another device, that one.
    pub(super) make: &'static str,
    /// Script that removes it, even if it is only half made.
    pub(super) unmake: &'static str,
    /// What the filesystem does with a request before the common rules apply.
    pub(super) front: Front,
    /// The code that checks segments on kernels that check them late.
    pub(super) late: Late,
    /// Whether unwritten parts of a file are holes, which no rule checks.
    pub(super) holes: bool,
}

/// The first step of a filesystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Front {
    /// None: the common rules decide.
    Common,
    /// Its direct I/O is `__blockdev_direct_IO` on every kernel.
    Legacy,
    /// Everything goes through the page cache (tmpfs; ext4 with `data=journal`:
    /// `ext4_should_use_dio`).
    PageCache,
    /// A server that accepts anything, without the page cache (FUSE, NFS).
    Server,
    /// Requests that are not aligned to 4096 go through the page cache (`check_direct_IO`,
    /// fs/btrfs/direct-io.c).
    Btrfs {
        /// Whether aligned reads are always done directly. Those of compressed extents are not.
        direct_reads: bool,
        /// Whether aligned writes are always done directly. With checksums they are not from 6.15
        /// on, and in some stable trees.
        direct_writes: bool,
    },
    /// Requests that are aligned to the device's block, but not to the filesystem's, go through the
    /// page cache (`f2fs_should_use_dio`).
    F2fs,
}

/// The code that checks segments in the rule set `dma-segment-late`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// The device's own queue, except for a request that lies in one page (`bio_may_need_split`) on
    /// a device without chunks.
    Own,
    /// The same, and then the engine of the file below it, which is written directly.
    OwnThenFile,
    /// A device below it. Its clones have no vectors of their own, so each one is checked.
    Below,
    /// None (zram never calls `bio_split_to_limits`).
    Nobody,
    /// dm-crypt, whose vectors must be whole sectors of this size (`crypt_convert`: EIO); for reads
    /// also the device below it, because they go into the program's memory.
    Crypt(u64),
}

/// A place that was made.
pub(super) struct Made<'a> {
    pub(super) place: &'a Place,
    /// Path of the file or device.
    pub(super) target: String,
    /// The kernel's name of the device whose limits apply.
    pub(super) disk: Option<String>,
    /// Its limits.
    pub(super) limits: Limits,
    /// Whether `dma_alignment` comes from sysfs.
    pub(super) dma_is_known: bool,
    /// Whether the device has chunks.
    pub(super) has_chunks: bool,
    /// Limits of the device that requests end up on.
    pub(super) below: Limits,
    /// On btrfs, whether the page cache serves what the direct I/O engine refuses: from 6.15 on
    /// btrfs can decide so at the end of the range (`iomap_iter`, `btrfs_dio_iomap_end`).
    pub(super) refusal_falls_back: bool,
    /// Whether `io_uring` registers a huge page as one vector (`io_coalesce_buffer`, from 6.12).
    registers_huge_pages: bool,
    base: String,
    standing: bool,
}

/// A page of memory, bytes.
pub(super) const PAGE: u64 = 4096;
const HUGE_PAGE: u64 = 2 << 20;
const UNMOUNT: &str = "if mountpoint -q $MNT; then umount $MNT; fi";
const MOUNT_POINT: &str = "/tmp/dio-trace-suite-place";

impl Place {
    /// A disk of the guest, as it is: what the rows of devices begin with.
    pub(super) const RAW: Self = Self {
        name: "",
        base: Base::Own,
        tools: &[],
        module: "",
        make: "echo $DISK $DISK",
        unmake: "true",
        front: Front::Common,
        late: Late::Own,
        holes: false,
    };

    /// A file on a mounted filesystem: what the rows of filesystems begin with.
    pub(super) const FILE: Self = Self {
        unmake: UNMOUNT,
        holes: true,
        ..Self::RAW
    };

    /// Whether requests go to a block device, not to a file.
    pub(super) fn is_raw(&self) -> bool {
        self.front == Front::Common && !self.holes
    }

    /// Whether requests to it use huge pages: zram writes past the end of smaller ones, into other
    /// memory.
    pub(super) fn takes_huge_pages(&self) -> bool {
        self.late == Late::Nobody
    }

    /// Makes the place.
    ///
    /// # Errors
    /// When this guest cannot have it; the message says why.
    pub(super) fn make(&self) -> anyhow::Result<Made<'_>> {
        for tool in self.tools {
            if !shell::is_there(tool) {
                bail!("{tool} is not installed");
            }
        }
        let base = self
            .base
            .find()
            .with_context(|| format!("this guest has no disk {:?}", self.base))?;
        std::fs::create_dir_all(MOUNT_POINT)?;
        let made = self.try_make(&base);
        if made.is_err() {
            self.unmake(&base);
        }
        made
    }

    fn try_make(&self, base: &str) -> anyhow::Result<Made<'_>> {
        let said = shell::script(self.make, &variables(base))?;
        let words: Vec<&str> = said
            .lines()
            .last()
            .unwrap_or("")
            .split_whitespace()
            .collect();
        let [target, device, rest @ ..] = words.as_slice() else {
            bail!("its script did not name a target");
        };
        let own = disks::limits(device);
        Ok(Made {
            place: self,
            target: (*target).to_owned(),
            disk: (*device != "-").then(|| disks::short_name(device)),
            limits: own,
            has_chunks: disks::has_chunks(device),
            dma_is_known: disks::tells_dma_alignment(device),
            below: rest.first().map_or(own, |below| disks::limits(below)),
            refusal_falls_back: kernel_is_at_least((6, 15))?,
            registers_huge_pages: kernel_is_at_least((6, 12))?,
            base: base.to_owned(),
            standing: true,
        })
    }

    fn unmake(&self, base: &str) {
        // The polling thread of a ring holds its file a little longer than the process lives.
        for _ in 0..20 {
            if shell::script(self.unmake, &variables(base)).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        eprintln!(
            "{}: could not be taken down; what follows may fail",
            self.name
        );
    }
}

impl Made<'_> {
    /// Bytes of memory that one vector of a registered buffer can hold.
    pub(super) fn registered_page(&self) -> u64 {
        if self.registers_huge_pages && self.place.takes_huge_pages() {
            HUGE_PAGE
        } else {
            PAGE
        }
    }

    /// Removes the place; the facts about it remain.
    pub(super) fn take_down(&mut self) {
        if std::mem::take(&mut self.standing) {
            self.place.unmake(&self.base);
        }
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        self.take_down();
    }
}

/// Whether the running kernel has this version or a later one.
fn kernel_is_at_least(version: (u32, u32)) -> anyhow::Result<bool> {
    Ok(kernel_series()? >= version)
}

/// The first two numbers of the running kernel's version.
pub(super) fn kernel_series() -> anyhow::Result<(u32, u32)> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let mut numbers = release
        .split(|letter: char| !letter.is_ascii_digit())
        .map_while(|word| word.parse().ok());
    let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else {
        bail!("the kernel calls itself {}", release.trim());
    };
    Ok((major, minor))
}

fn variables(base: &str) -> [(&str, &str); 3] {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    [("DISK", base), ("MNT", MOUNT_POINT), ("PATH", path)]
}
