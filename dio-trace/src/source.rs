//! Where requests come from: the running kernel, a recording, a stream, a script.

pub mod recording;
pub mod script;

use std::future::Future;

use crate::model::{Batch, Environment};

/// A source of batches, live or recorded. Everything above it is the same for all of them.
pub trait EventSource {
    /// Where and how the requests were taken.
    fn environment(&self) -> &Environment;

    /// Waits for the next batch; `None` when there are no more. Cancel safe: a dropped future
    /// loses nothing.
    ///
    /// # Errors
    /// Says what could not be read and why; the source is then at its end.
    fn next_batch(&mut self) -> impl Future<Output = anyhow::Result<Option<Batch>>> + Send;
}
