//! `statx` with `STATX_DIOALIGN` (from 6.1) and `STATX_DIO_READ_ALIGN` (from 6.14).

use std::{io, path::Path};

use rustix::{
    fs::{AtFlags, CWD, StatxFlags, statx},
    io::Errno,
};
use serde::Serialize;

use crate::model::Device;

/// `STATX_DIO_READ_ALIGN` (`include/uapi/linux/stat.h`), which rustix 1.1 has the member for, but no
/// name.
const DIO_READ_ALIGN: StatxFlags = StatxFlags::from_bits_retain(0x2_0000);

/// The kernel's answer for one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statx {
    /// Whether kernel and filesystem support the question.
    pub supported: bool,
    /// Alignment of buffers, bytes; 0: no direct I/O on this file.
    pub memory: Option<u32>,
    /// Alignment of offsets and lengths, bytes; 0: no direct I/O on this file.
    pub offset: Option<u32>,
    /// The same for reads, where the filesystem distinguishes them, bytes.
    pub read_offset: Option<u32>,
}

/// Asks the kernel; `None` where it has no `statx`.
pub(super) fn of(path: &Path) -> io::Result<Option<Statx>> {
    let wanted = StatxFlags::DIOALIGN | DIO_READ_ALIGN;
    let answer = match statx(CWD, path, AtFlags::empty(), wanted) {
        Ok(answer) => answer,
        Err(Errno::NOSYS) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let given = StatxFlags::from_bits_retain(answer.stx_mask);
    let has = |flag, value: u32| given.contains(flag).then_some(value);
    Ok(Some(Statx {
        supported: given.contains(StatxFlags::DIOALIGN),
        memory: has(StatxFlags::DIOALIGN, answer.stx_dio_mem_align),
        offset: has(StatxFlags::DIOALIGN, answer.stx_dio_offset_align),
        read_offset: has(DIO_READ_ALIGN, answer.stx_dio_read_offset_align),
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_answer_has_both_alignments_or_none() {
        let statx = of(Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("Cargo.toml")
            .as_path());
        let statx = statx.unwrap().unwrap_or_default();
        assert_eq!(statx.supported, statx.memory.is_some());
        assert_eq!(statx.supported, statx.offset.is_some());
        assert!(statx.read_offset.is_none_or(|_| statx.supported));
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error_and_so_is_one_that_cannot_be() {
        let directory = tempfile::tempdir().unwrap();
        let missing = of(&directory.path().join("missing")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert!(of(Path::new("a\0b")).is_err());
        let strange = directory.path().join("a\u{1b}[2J\n b");
        fs::write(&strange, "").unwrap();
        assert!(of(&strange).is_ok());
    }
}
