//! Writes a recording to a file, a chain of files or a pipe.

use std::io;

use crate::{
    model::{Batch, Environment, Timestamp},
    recording::{
        rotate::{FileSink, Files},
        writer::{Pace, Sink, Writer},
    },
};

/// The destination of a recording.
#[derive(Clone, Debug)]
pub enum Target {
    /// One or more files.
    Files(Files),
    /// Standard output.
    Stdout,
}

/// Whether recording continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is room for more.
    Left,
    /// The file has reached its size and was finished, and no older parts are to be kept.
    Full,
}

/// Writes batches to a [`Target`].
pub struct Recorder {
    target: Target,
    environment: Environment,
    writer: Option<Writer<Output>>,
    before: u64,
}

enum Output {
    File(FileSink),
    Stdout(io::Stdout),
}

impl Sink for Output {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.put(bytes),
            Self::Stdout(stdout) => stdout.put(bytes),
        }
    }
}

impl Recorder {
    /// Opens the target and writes the head.
    ///
    /// # Errors
    /// Where the destination cannot be opened or written.
    pub fn start(target: Target, environment: Environment) -> io::Result<Self> {
        let mut recorder = Self {
            target,
            environment,
            writer: None,
            before: 0,
        };
        recorder.writer = Some(recorder.open()?);
        Ok(recorder)
    }

    fn open(&self) -> io::Result<Writer<Output>> {
        let environment = self.environment.clone();
        match &self.target {
            Target::Files(files) => {
                Writer::new(Output::File(files.open()?), environment, Pace::FILE)
            }
            Target::Stdout => Writer::new(Output::Stdout(io::stdout()), environment, Pace::STREAM),
        }
    }

    /// Writes a batch. On an error, what was written before is finished as far as possible.
    ///
    /// # Errors
    /// Where the batch cannot be written; the recorder is then at its end.
    pub fn write(&mut self, batch: Batch) -> io::Result<Room> {
        let Some(writer) = &mut self.writer else {
            return Ok(Room::Full);
        };
        let time = batch.time;
        if let Err(error) = writer.write(batch) {
            if let Some(writer) = self.writer.take() {
                self.before += writer.written();
                // The first error is the one that matters.
                drop(writer.abandon());
            }
            return Err(error);
        }
        let Target::Files(files) = &self.target else {
            return Ok(Room::Left);
        };
        let written = writer.written();
        if !files.is_full(written) {
            return Ok(Room::Left);
        }
        let keep = files.keep;
        self.end(time)?;
        if keep == 0 {
            return Ok(Room::Full);
        }
        self.writer = Some(self.open()?);
        Ok(Room::Left)
    }

    /// Finishes the recording.
    ///
    /// # Errors
    /// Where the destination cannot be opened or written.
    pub fn finish(mut self, time: Timestamp) -> io::Result<()> {
        self.end(time)
    }

    fn end(&mut self, time: Timestamp) -> io::Result<()> {
        let Some(writer) = self.writer.take() else {
            return Ok(());
        };
        self.before += writer.written();
        writer
            .finish(Batch {
                time,
                ..Batch::default()
            })
            .map(drop)
    }

    /// Bytes written so far, in all files.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.before + self.writer.as_ref().map_or(0, Writer::written)
    }
}
