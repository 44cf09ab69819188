//! A recording, or a stream of one, as a source.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, anyhow};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::{
    model::{Batch, Environment},
    recording::{Decoder, Ending, Reader},
    source::EventSource,
};

/// Number of batches that are read ahead.
const AHEAD: usize = 64;
/// Number of bytes read at a time.
const BUFFER: usize = 1 << 18;

/// A message of the reading thread.
enum Told {
    Batch(Batch),
    End(Result<Ending, String>),
}

/// Reads a recording in a thread of its own.
pub struct Recording {
    environment: Environment,
    batches: Receiver<Told>,
    ending: Option<Ending>,
}

/// Opens the bytes of a recording: standard input for `-`.
///
/// # Errors
/// Where the file cannot be opened.
pub fn open(path: &Path) -> anyhow::Result<Box<dyn Read + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::with_capacity(BUFFER, std::io::stdin())));
    }
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Box::new(BufReader::with_capacity(BUFFER, file)))
}

impl Recording {
    /// Opens a file, or standard input for `-`, and reads its head.
    ///
    /// # Errors
    /// Where it cannot be opened, or is not a recording.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        Self::read(open(path)?).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Opens several files, to be read one after the other. The first one says where they were taken.
    ///
    /// # Errors
    /// Where one of them cannot be opened or is not a recording, or there is none.
    pub fn open_all(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let [path, rest @ ..] = paths else {
            return Err(anyhow!("there is no recording"));
        };
        if rest.is_empty() {
            return Self::open(path);
        }
        // All must be readable before anything is shown.
        let opened = |path: &PathBuf| {
            let reader = Reader::new(open(path)?).map_err(|error| anyhow!(error));
            reader.with_context(|| format!("cannot read {}", path.display()))
        };
        let first = opened(path)?;
        for path in rest {
            opened(path)?;
        }
        let rest = rest.to_vec();
        Self::of(std::iter::once(Ok(first)).chain(rest.into_iter().map(move |path| opened(&path))))
    }

    /// Reads a stream.
    ///
    /// # Errors
    /// Where it is not a recording.
    pub fn read(stream: impl Read + Send + 'static) -> anyhow::Result<Self> {
        let reader = Reader::new(stream).map_err(|error| anyhow!(error))?;
        Self::of(std::iter::once(Ok(reader)))
    }

    fn of<R: Read + Send + 'static>(
        mut readers: impl Iterator<Item = anyhow::Result<Reader<R>>> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let first = readers.next().context("there is no recording")??;
        let environment = first.metadata().environment.clone();
        let (sender, batches) = channel(AHEAD);
        thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || {
                let mut readers = std::iter::once(Ok(first)).chain(readers);
                let end = readers.try_fold(Ending::Finished, |worst, reader| {
                    let mut reader = reader.map_err(|error| format!("{error:#}"))?;
                    Ok(worst.max(deliver(&mut reader, &sender)?))
                });
                // The receiver may be gone.
                drop(sender.blocking_send(Told::End(end)));
            })?;
        Ok(Self {
            environment,
            batches,
            ending: None,
        })
    }

    /// The end of the recording; `None` while there may be more.
    #[must_use]
    pub const fn ending(&self) -> Option<Ending> {
        self.ending
    }
}

/// Sends all batches, including the last one if the recording was cut off before its mark.
fn deliver(reader: &mut Reader<impl Read>, sender: &Sender<Told>) -> Result<Ending, String> {
    let mut decoder = Decoder::default();
    while let Some(rows) = reader.next_rows()? {
        for batch in decoder.batches(&rows)? {
            if sender.blocking_send(Told::Batch(batch)).is_err() {
                return Ok(Ending::Cut);
            }
        }
    }
    Ok(reader.ending().unwrap_or(Ending::Cut))
}

impl EventSource for Recording {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn ended_early(&self) -> bool {
        self.ending == Some(Ending::Cut)
    }

    async fn next_batch(&mut self) -> anyhow::Result<Option<Batch>> {
        match self.batches.recv().await {
            Some(Told::Batch(batch)) => Ok(Some(batch)),
            Some(Told::End(Ok(ending))) => {
                self.ending = Some(ending);
                Ok(None)
            }
            Some(Told::End(Err(error))) => Err(anyhow!("cannot read the recording: {error}")),
            None => Ok(None),
        }
    }
}
