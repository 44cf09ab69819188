//! A batch: what a source delivers at a time.

use crate::model::{Loss, Record, Timestamp};

/// Everything seen since the previous batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Time at which it was closed. Batches of one source never go back in time.
    pub time: Timestamp,
    /// Requests seen.
    pub records: Vec<Record>,
    /// Losses noticed.
    pub losses: Vec<Loss>,
}
