//! Progress on standard error while a large recording is read.

use std::{
    io::{self, Read},
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    cli::diagnostics::StatusLine,
    source::recording::open,
    text::{bytes, percent},
};

/// Time after which reading counts as long.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two lines.
const BETWEEN: Duration = Duration::from_millis(500);

/// Opens a file, or standard input for `-`, and says how far it has been read if that takes long.
pub(super) fn watched(file: &Path) -> anyhow::Result<Box<dyn Read + Send>> {
    let stream = open(file)?;
    let status = StatusLine::new();
    let Some(size) = file
        .metadata()
        .ok()
        .filter(|file| file.is_file() && status.is_active())
    else {
        return Ok(stream);
    };
    Ok(Box::new(Watched {
        stream,
        name: file.display().to_string(),
        read: 0,
        size: size.len(),
        next: Instant::now() + PATIENCE,
        status,
    }))
}

struct Watched {
    stream: Box<dyn Read + Send>,
    name: String,
    read: u64,
    size: u64,
    next: Instant,
    status: StatusLine,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.read += read as u64;
        if Instant::now() >= self.next {
            self.next = Instant::now() + BETWEEN;
            self.status.show(&format!(
                "reading {}: {} of {}",
                crate::model::printable(&self.name),
                percent(self.read.min(self.size), self.size),
                bytes(self.size)
            ));
        }
        Ok(read)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.status.clear();
    }
}
