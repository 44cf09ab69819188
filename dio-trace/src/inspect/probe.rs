//! Finds out the alignment by real reads. Nothing is written.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

use anyhow::Context;
use rustix::{
    fs::{SeekFrom, seek},
    io::Errno,
};
use serde::Serialize;

use crate::inspect::alignment::Alignment;

/// Largest alignment that is tried, bytes.
const LARGEST: usize = 65_536;

/// The results of direct reads at the start of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Probed {
    /// Smallest alignment of the buffer that was accepted, bytes; `None` where none was.
    pub memory: Option<u32>,
    /// Smallest length that was accepted, bytes.
    pub length: Option<u32>,
    /// Smallest offset that was accepted, bytes.
    pub offset: Option<u32>,
    /// A reason why this may not be the whole truth.
    pub note: Option<String>,
}

/// Reads with ever larger alignments until the kernel accepts.
pub(super) fn probe(path: &Path) -> anyhow::Result<Probed> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECT)
        .open(path)
        .with_context(|| format!("cannot open {} for direct I/O", path.display()))?;
    let mut memory = vec![0u8; 4 * LARGEST];
    let start = memory.as_ptr().align_offset(LARGEST);
    let steps = || (0..=LARGEST.ilog2()).map(|bit| 1usize << bit);
    // Aligned in all but one thing at a time.
    let length = steps().find(|length| accepts(&file, &mut memory, start, *length, 0));
    let offset = steps().find(|offset| {
        accepts(
            &file,
            &mut memory,
            start,
            length.unwrap_or(4096),
            *offset as u64,
        )
    });
    let size = length.unwrap_or(4096).max(4096);
    let shift = steps().find(|shift| accepts(&file, &mut memory, start + shift, size, 0));
    let narrow = |value: Option<usize>| value.and_then(|value| u32::try_from(value).ok());
    Ok(Probed {
        memory: narrow(shift),
        length: narrow(length),
        offset: narrow(offset),
        note: note(&file, size),
    })
}

/// Whether the kernel accepts such a read. Only `EINVAL` counts as a refusal.
fn accepts(file: &File, memory: &mut [u8], start: usize, length: usize, offset: u64) -> bool {
    let Some(buffer) = memory.get_mut(start..start + length) else {
        return false;
    };
    match file.read_at(buffer, offset) {
        Ok(_) => true,
        Err(error) => error.raw_os_error() != Some(libc::EINVAL),
    }
}

/// A note where reads are not checked: past the end, in holes, and small ones on some kernels.
fn note(file: &File, size: usize) -> Option<String> {
    let length = file.metadata().ok()?;
    let is_file = length.is_file();
    if is_file && length.len() < 2 * size as u64 {
        return Some(format!(
            "the file has only {} bytes, and reads at its end are not checked: try a larger one",
            length.len()
        ));
    }
    if is_file && starts_with_hole(file) {
        return Some("the file starts with a hole, and reads of holes are not checked".to_owned());
    }
    None
}

fn starts_with_hole(file: &File) -> bool {
    // `ENXIO`: there is nothing but a hole. Nothing else here uses the position.
    match seek(file, SeekFrom::Data(0)) {
        Ok(data) => data > 0,
        Err(error) => error == Errno::NXIO,
    }
}

impl Probed {
    /// Sentences about real reads that were treated differently from what the limits say.
    pub(super) fn disagreements(&self, alignment: Alignment) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, seen: Option<u32>, said: u32| match seen {
            None => found.push(format!("real reads: no {what} was accepted")),
            Some(seen) if seen < said => found.push(format!(
                "real reads: a {what} of {seen} was accepted, although the limits say {said}: \
                 do not rely on it, because other kernels and disks refuse it"
            )),
            Some(seen) if seen > said => found.push(format!(
                "real reads: a {what} of less than {seen} was refused, although the limits say \
                 {said}"
            )),
            Some(_) => {}
        };
        compare("buffer alignment", self.memory, alignment.memory);
        compare("length", self.length, alignment.block);
        compare("offset", self.offset, alignment.block);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_found_where_the_filesystem_has_them() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(1 << 20).unwrap();
        assert!(starts_with_hole(&file), "all of it");
        file.write_at(b"end", (1 << 20) - 3).unwrap();
        assert!(starts_with_hole(&file));
        file.write_at(b"start", 0).unwrap();
        assert!(!starts_with_hole(&file));
    }
}
