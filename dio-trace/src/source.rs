//! Sources of requests: the running kernel, a recording, a stream, a script.

pub mod recording;
pub mod script;

use std::future::Future;

use crate::model::{Batch, Environment};

/// A source of batches, live or recorded. All code above it is the same for every source.
pub trait EventSource {
    /// The environment in which the requests are taken.
    fn environment(&self) -> &Environment;

    /// Waits for the next batch; `None` when there are no more. Cancel safe: dropping the future
    /// loses nothing.
    ///
    /// # Errors
    /// Where the source cannot be read; it is then at its end.
    fn next_batch(&mut self) -> impl Future<Output = anyhow::Result<Option<Batch>>> + Send;

    /// Whether the source ended without having been finished: a recording whose writer was killed
    /// or still writes, or a stream whose producer is gone.
    fn ended_early(&self) -> bool {
        false
    }
}
