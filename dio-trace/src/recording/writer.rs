//! Writes a recording to a sink.

use std::{
    io,
    time::{Duration, Instant},
};

use arrow_ipc::{
    CompressionType, MetadataVersion,
    writer::{IpcWriteOptions, StreamWriter},
};
use arrow_schema::ArrowError;

use crate::{
    model::{Batch, Environment},
    recording::{Encoder, Metadata, schema},
};

/// Largest number of rows that are held back.
const MAX_ROWS: usize = 16_384;
/// The bytes that end an Arrow IPC stream.
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// Limits on how long rows may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time after which the oldest waiting row is written, with all others.
    pub flush: Duration,
    /// Interval of time marks while nothing happens.
    pub idle: Duration,
}

impl Pace {
    /// For a file: at most a second is lost when the recorder is killed, and an idle week takes
    /// little space.
    pub const FILE: Self = Self {
        flush: Duration::from_millis(700),
        idle: Duration::from_secs(60),
    };
    /// For a pipe, where somebody may watch the other end.
    pub const STREAM: Self = Self {
        flush: Duration::from_millis(200),
        idle: Duration::from_secs(1),
    };
}

/// A destination for whole messages.
pub trait Sink {
    /// Writes all of `bytes` through to the file. On an error, a reader sees no whole message of
    /// them.
    ///
    /// # Errors
    /// Where the sink cannot be written.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// Writes one recording.
pub struct Writer<S> {
    sink: S,
    stream: StreamWriter<Vec<u8>>,
    encoder: Encoder,
    waiting: Vec<Batch>,
    rows: usize,
    oldest: Option<Instant>,
    last_written: Instant,
    pace: Pace,
    written: u64,
}

impl<S: Sink> Writer<S> {
    /// Starts a recording: writes its head.
    ///
    /// # Errors
    /// Where the sink cannot be written.
    pub fn new(sink: S, environment: Environment, pace: Pace) -> io::Result<Self> {
        let pairs = Metadata::new(environment)
            .to_pairs()
            .map_err(io::Error::other)?;
        let schema = schema(pairs);
        let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V5)
            .and_then(|options| options.try_with_compression(Some(CompressionType::ZSTD)))
            .map_err(other)?;
        let stream =
            StreamWriter::try_new_with_options(Vec::new(), &schema, options).map_err(other)?;
        let mut writer = Self {
            sink,
            stream,
            encoder: Encoder::new(schema.into()),
            waiting: Vec::new(),
            rows: 0,
            oldest: None,
            last_written: Instant::now(),
            pace,
            written: 0,
        };
        writer.put()?;
        Ok(writer)
    }

    /// Accepts a batch, and writes rows that have waited long enough.
    ///
    /// # Errors
    /// Where the sink cannot be written; what was written before is still a whole recording.
    pub fn write(&mut self, batch: Batch) -> io::Result<()> {
        let now = Instant::now();
        let empty = batch.records.is_empty() && batch.losses.is_empty();
        if empty && self.waiting.is_empty() {
            // Of an idle time, only the last mark is needed.
            if now.duration_since(self.last_written) < self.pace.idle {
                return Ok(());
            }
            self.waiting.push(batch);
            return self.flush();
        }
        self.rows += batch.records.len() + batch.losses.len();
        self.waiting.push(batch);
        let oldest = *self.oldest.get_or_insert(now);
        if now.duration_since(oldest) >= self.pace.flush || self.rows >= MAX_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes all waiting rows.
    ///
    /// # Errors
    /// Where the sink cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.rows = 0;
        self.oldest = None;
        self.last_written = Instant::now();
        if waiting.is_empty() {
            return Ok(());
        }
        let rows = self.encoder.encode(&waiting).map_err(other)?;
        self.stream.write(&rows).map_err(other)?;
        self.put()
    }

    /// Writes all waiting rows, a last mark and the end.
    ///
    /// # Errors
    /// Where the sink cannot be written.
    pub fn finish(mut self, last: Batch) -> io::Result<S> {
        self.waiting.push(last);
        self.flush()?;
        self.sink.put(&END)?;
        Ok(self.sink)
    }

    /// Ends the recording after an error: what was written before stays readable, and counts as
    /// finished.
    ///
    /// # Errors
    /// Where the sink cannot be written; the recording then reads as cut off.
    pub fn abandon(mut self) -> io::Result<S> {
        self.sink.put(&END)?;
        Ok(self.sink)
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.written
    }

    fn put(&mut self) -> io::Result<()> {
        let bytes = self.stream.get_mut();
        self.sink.put(bytes)?;
        self.written += bytes.len() as u64;
        bytes.clear();
        Ok(())
    }
}

fn other(error: ArrowError) -> io::Error {
    io::Error::other(error)
}
