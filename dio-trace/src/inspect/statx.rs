//! `statx` with `STATX_DIOALIGN` (from 6.1) and `STATX_DIO_READ_ALIGN` (from 6.14).

use std::{ffi::CString, io, os::unix::ffi::OsStrExt, path::Path};

use serde::Serialize;

use crate::model::Device;

const STATX_DIOALIGN: u32 = 0x2000;
const STATX_DIO_READ_ALIGN: u32 = 0x2_0000;
/// Bytes of `struct statx`, and the places in it (include/uapi/linux/stat.h): not every libc knows
/// the newest members.
const SIZE: usize = 256;
const MASK: usize = 0x00;
const MEMORY: usize = 0x98;
const OFFSET: usize = 0x9c;
const READ_OFFSET: usize = 0xb4;

/// The kernel's answer for one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statx {
    /// Whether kernel and filesystem support the question.
    pub supported: bool,
    /// Alignment of buffers, bytes; 0: no direct I/O on this file.
    pub memory: Option<u32>,
    /// Alignment of offsets and lengths, bytes; 0: no direct I/O on this file.
    pub offset: Option<u32>,
    /// The same for reads, where the filesystem distinguishes them.
    pub read_offset: Option<u32>,
}

/// Asks the kernel; `None` where it has no `statx`.
pub(super) fn of(path: &Path) -> io::Result<Option<Statx>> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut answer = [0u8; SIZE];
    // SAFETY: the path is NUL-terminated, and the kernel writes at most a `struct statx`.
    let result = unsafe {
        libc::syscall(
            libc::SYS_statx,
            libc::AT_FDCWD,
            path.as_ptr(),
            0,
            STATX_DIOALIGN | STATX_DIO_READ_ALIGN,
            answer.as_mut_ptr(),
        )
    };
    if result != 0 {
        let error = io::Error::last_os_error();
        return if error.raw_os_error() == Some(libc::ENOSYS) {
            Ok(None)
        } else {
            Err(error)
        };
    }
    let word = |place: usize| {
        let bytes = answer
            .get(place..place + 4)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_ne_bytes)
    };
    let mask = word(MASK);
    let has = |bit: u32, place| (mask & bit != 0).then(|| word(place));
    Ok(Some(Statx {
        supported: mask & STATX_DIOALIGN != 0,
        memory: has(STATX_DIOALIGN, MEMORY),
        offset: has(STATX_DIOALIGN, OFFSET),
        read_offset: has(STATX_DIO_READ_ALIGN, READ_OFFSET),
    }))
}

impl Statx {
    /// Sentences about answers that differ from the limits of the device.
    pub(super) fn disagreements(&self, device: &Device) -> Vec<String> {
        let mut found = Vec::new();
        if self.supported && self.memory == Some(0) {
            return vec![
                "statx says that this file cannot do direct I/O (encrypted, compressed, verity or \
                 journalled data): O_DIRECT is refused or served by the page cache"
                    .to_owned(),
            ];
        }
        let disk = &device.disk;
        let dma = device.limits.dma_alignment.saturating_add(1);
        let block = device.limits.logical_block_size;
        if let Some(memory) = self.memory.filter(|memory| *memory != dma) {
            found.push(format!(
                "buffers: statx says {memory}, the dma alignment of {disk} is {dma}: the \
                 filesystem requires {} than the device",
                if memory > dma { "more" } else { "less" }
            ));
        }
        if let Some(offset) = self.offset.filter(|offset| *offset != block) {
            found.push(format!(
                "offsets and lengths: statx says {offset}, the logical block of {disk} is {block}: \
                 the filesystem has a rule of its own"
            ));
        }
        if let (Some(read), Some(offset)) = (self.read_offset, self.offset)
            && read != offset
            && read != 0
        {
            found.push(format!(
                "reads may start at multiples of {read}, writes only of {offset} bytes"
            ));
        }
        found
    }
}
