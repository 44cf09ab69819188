//! The output of a report: a file or standard output.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;

/// Opens a file, or standard output for `None` and `-`.
pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Box<dyn Write + Send>> {
    match path.filter(|path| *path != Path::new("-")) {
        None => Ok(Box::new(BufWriter::with_capacity(1 << 16, io::stdout()))),
        Some(path) => {
            let file = File::create(path)
                .with_context(|| format!("cannot write {}", PathBuf::from(path).display()))?;
            Ok(Box::new(BufWriter::with_capacity(1 << 16, file)))
        }
    }
}
