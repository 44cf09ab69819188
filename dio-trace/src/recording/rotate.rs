//! The files of a recording: one file, or a bounded number of them.
//!
//! Crates that rotate logs (file-rotate, rolling-file) cut by bytes or lines and replace what is there.
//! Here every file ends with a whole message, and nothing but a recording is ever overwritten.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::recording::{reader::Reader, writer::Sink};

/// The place of a recording on disk: `FILE`, and older parts as `FILE.1`, `FILE.2`, ...
#[derive(Clone, Debug)]
pub struct Files {
    /// The file that is being written.
    pub path: PathBuf,
    /// Size at which it is full, bytes; `None` for no limit.
    pub max_size: Option<u64>,
    /// Number of older parts that are kept.
    pub keep: u32,
}

/// A file that contains only whole messages.
#[derive(Debug)]
pub struct FileSink {
    file: File,
    length: u64,
}

impl Files {
    /// Checks that nothing but an earlier recording would be overwritten.
    ///
    /// # Errors
    /// Where something else would be; the message says what.
    pub fn check(&self) -> Result<(), String> {
        let path = self.path.display();
        let metadata = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(format!("{path}: {error}")),
            Ok(metadata) => metadata,
        };
        if metadata.is_dir() {
            return Err(format!("{path} is a directory: name a file in it"));
        }
        if !metadata.is_file() || metadata.len() == 0 {
            return Ok(());
        }
        let file = File::open(&self.path).map_err(|error| format!("{path}: {error}"))?;
        Reader::new(io::BufReader::new(file))
            .map(|_| ())
            .map_err(|_| {
                format!(
                    "{path} exists and is not a recording: it is not overwritten. Name another file"
                )
            })
    }

    /// Opens an empty file, after renaming older ones.
    ///
    /// # Errors
    /// Where a file cannot be renamed or created.
    pub fn open(&self) -> io::Result<FileSink> {
        if self.keep > 0 && self.path.exists() {
            for number in (1..self.keep).rev() {
                rename_if_there(&self.part(number), &self.part(number + 1))?;
            }
            rename_if_there(&self.path, &self.part(1))?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&self.path)?;
        Ok(FileSink { file, length: 0 })
    }

    /// Whether a file with this many bytes is full.
    #[must_use]
    pub fn is_full(&self, written: u64) -> bool {
        self.max_size.is_some_and(|max_size| written >= max_size)
    }

    fn part(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

impl Sink for FileSink {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A pipe or device has no positions.
        let result = match self.file.write_all_at(bytes, self.length) {
            Err(error) if error.raw_os_error() == Some(libc::ESPIPE) => self.file.write_all(bytes),
            other => other,
        };
        match result {
            Ok(()) => self.length += bytes.len() as u64,
            // Removes what was written in part; where even that fails, a reader finds the last whole batch.
            Err(_) => drop(self.file.set_len(self.length)),
        }
        result
    }
}

/// A pipe, or another stream.
impl Sink for io::Stdout {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)?;
        self.flush()
    }
}
