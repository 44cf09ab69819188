//! The file or device that requests go to, with a copy of its expected contents.

use std::{
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsRawFd, RawFd},
        unix::fs::{FileExt, FileTypeExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

const PAGE: u64 = 4096;

/// The layout of a target. Offsets are in bytes; a range is empty where a target has no such part.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Region {
    /// Written data: `0..data_end`.
    pub(crate) data_end: u64,
    /// Never written: `data_end..hole_end`.
    pub(crate) hole_end: u64,
    /// Reserved but unwritten: `hole_end..unwritten_end`.
    pub(crate) unwritten_end: u64,
    /// End of the file or device. There is data again before it.
    pub(crate) size: u64,
}

impl Region {
    const DATA: u64 = 4 << 20;

    /// A file: data, a hole, an unwritten extent, and a little data up to an unaligned end.
    pub(crate) const FILE: Self = Self {
        data_end: Self::DATA,
        hole_end: 5 << 20,
        unwritten_end: 6 << 20,
        size: (6 << 20) + 8192 + 100,
    };

    /// A block device of `size` bytes.
    pub(crate) const fn device(size: u64) -> Self {
        Self {
            data_end: Self::DATA,
            hole_end: Self::DATA,
            unwritten_end: Self::DATA,
            size,
        }
    }

    /// Whether nothing was ever written at `offset`.
    pub(crate) const fn is_unwritten(&self, offset: u64) -> bool {
        offset >= self.data_end && offset < self.unwritten_end
    }

    /// Whether it has holes and an unaligned end.
    pub(crate) const fn is_file(&self) -> bool {
        self.hole_end > self.data_end
    }
}

/// An open target.
pub(super) struct Target {
    path: PathBuf,
    direct: File,
    buffered: File,
    region: Region,
    /// The expected contents of the first bytes.
    shadow: Vec<u8>,
}

impl Target {
    /// Opens a block device or creates a file, and fills it. Never touches a device that is in use.
    pub(super) fn prepare(path: &Path) -> anyhow::Result<Self> {
        Self::open(path, true)
    }

    /// Opens a target that was prepared before.
    pub(super) fn reopen(path: &Path) -> anyhow::Result<Self> {
        Self::open(path, false)
    }

    fn open(path: &Path, anew: bool) -> anyhow::Result<Self> {
        let name = path.display();
        let is_device =
            std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_block_device());
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        if is_device {
            // Opening fails while the device is mounted or part of another device.
            options.custom_flags(libc::O_EXCL);
        } else {
            options.create(anew).truncate(anew);
        }
        let buffered = options
            .open(path)
            .with_context(|| format!("cannot open {name}"))?;
        let region = if is_device {
            let size = io::Seek::seek(&mut &buffered, io::SeekFrom::End(0))?;
            Region::device(size)
        } else {
            Region::FILE
        };
        if region.size < region.data_end {
            bail!(
                "{name} is too small: it must have at least {} bytes",
                region.data_end
            );
        }
        // Without readahead: pages that are still being read cannot be dropped.
        advise(&buffered, libc::POSIX_FADV_RANDOM);
        let shadow = if anew {
            fill(&buffered, &region).with_context(|| format!("cannot fill {name}"))?
        } else {
            Vec::new()
        };
        let direct = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_DIRECT)
            .open(path)
            .with_context(|| format!("cannot open {name} with O_DIRECT"))?;
        let path = path.canonicalize()?;
        Ok(Self {
            path,
            direct,
            buffered,
            region,
            shadow,
        })
    }

    pub(super) const fn region(&self) -> Region {
        self.region
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The descriptor opened with `O_DIRECT`.
    pub(super) fn descriptor(&self) -> RawFd {
        self.direct.as_raw_fd()
    }

    /// Whether lseek(2) can go to an offset: not past the end of a block device (`blkdev_llseek`).
    pub(super) const fn has_position(&self, offset: u64) -> bool {
        self.region.is_file() || offset <= self.region.size
    }

    /// The expected contents of `length` bytes at `offset`; `None` where they are not known.
    pub(super) fn expected(&self, offset: u64, length: usize) -> Option<&[u8]> {
        self.shadow
            .get(usize::try_from(offset).ok()?..)?
            .get(..length)
    }

    /// Drops all pages of the target from the page cache. Dropping a range would leave a large
    /// folio or a partial page around it.
    pub(super) fn forget(&self) {
        advise(&self.buffered, libc::POSIX_FADV_DONTNEED);
    }

    /// Whether all pages of a range are in the page cache.
    pub(super) fn is_cached(&self, offset: u64, length: usize) -> Option<bool> {
        let start = offset / PAGE * PAGE;
        let length = (offset - start) as usize + length;
        // SAFETY: a new mapping at an address of the kernel's choice, which is never read.
        let map = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ,
                libc::MAP_SHARED,
                self.buffered.as_raw_fd(),
                start as libc::off_t,
            )
        };
        if map == libc::MAP_FAILED {
            return None;
        }
        let mut pages = vec![0; length.div_ceil(PAGE as usize)];
        // SAFETY: the range is the mapping's, and there is one byte of room for each page.
        let looked = unsafe { libc::mincore(map, length, pages.as_mut_ptr()) };
        // SAFETY: nothing refers to the mapping.
        unsafe { libc::munmap(map, length) };
        (looked == 0).then(|| pages.iter().all(|page| page & 1 != 0))
    }

    /// Checks the contents after a write of `data`, of which `done` bytes were reported as done,
    /// and expects these contents from now on. A failed write may have been carried out in part.
    pub(super) fn check_written(
        &mut self,
        offset: u64,
        data: &[u8],
        done: Option<usize>,
    ) -> io::Result<Option<bool>> {
        const MARGIN: usize = 8192;
        let start = (offset as usize).saturating_sub(MARGIN);
        let end = (offset as usize + data.len() + MARGIN).min(self.shadow.len());
        if start >= end || offset as usize + data.len() > self.shadow.len() {
            return Ok(None);
        }
        let mut found = vec![0; end - start];
        self.buffered.read_exact_at(&mut found, start as u64)?;
        let before = &self.shadow[start..end];
        let place = offset as usize - start;
        let right = match done {
            Some(done) => {
                let mut expected = before.to_vec();
                expected[place..place + done].copy_from_slice(&data[..done]);
                found == expected
            }
            None if found == before => true,
            None => found
                .iter()
                .zip(before)
                .enumerate()
                .all(|(index, (now, old))| {
                    let new = index.checked_sub(place).and_then(|index| data.get(index));
                    now == old || Some(now) == new
                }),
        };
        self.shadow[start..end].copy_from_slice(&found);
        Ok(Some(right))
    }
}

/// Writes the target's first contents through the page cache, and returns them.
fn fill(file: &File, region: &Region) -> io::Result<Vec<u8>> {
    let mut shadow = vec![0; region.data_end as usize];
    scramble(&mut shadow, 0);
    file.write_all_at(&shadow, 0)?;
    if region.is_file() {
        shadow.resize(region.size as usize, 0);
        file.set_len(region.size)?;
        let reserved = (region.unwritten_end - region.hole_end) as i64;
        // SAFETY: plain integers. Where the filesystem cannot reserve, that range stays a hole.
        unsafe {
            libc::fallocate(file.as_raw_fd(), 0, region.hole_end as i64, reserved);
        }
        let tail = &mut shadow[region.unwritten_end as usize..];
        scramble(tail, 1);
        file.write_all_at(tail, region.unwritten_end)?;
    }
    file.sync_all()?;
    advise(file, libc::POSIX_FADV_DONTNEED);
    Ok(shadow)
}

/// Fills `bytes` reproducibly by a seed: no two places are alike, and yet it is compressible.
pub(super) fn scramble(bytes: &mut [u8], seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    for group in bytes.chunks_mut(16) {
        let value = u128::from(rng.u32(1..)).to_le_bytes();
        group.copy_from_slice(&value[..group.len()]);
    }
}

/// Gives the page cache advice about the whole file.
fn advise(file: &File, advice: libc::c_int) {
    // SAFETY: plain integers; it is advice, and its failure harms nothing.
    unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, advice) };
}
