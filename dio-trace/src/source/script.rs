//! A scripted trace, the same each time: for tests, documentation, and trying the screen where
//! nothing can be traced.

mod actors;
mod cast;
mod environment;
mod request;

use std::collections::VecDeque;

use crate::{
    model::{Batch, Environment, Loss, LossCause, Timestamp},
    source::EventSource,
};

pub use actors::Actor;
pub use environment::STARTED;

/// The second in which the script loses details.
const LOSS_AT: u32 = 42;

/// Prepared batches, delivered as fast as they are asked for.
#[derive(Clone, Debug)]
pub struct Script {
    environment: Environment,
    batches: VecDeque<Batch>,
}

impl Script {
    /// A source of these batches.
    pub fn new(environment: Environment, batches: impl IntoIterator<Item = Batch>) -> Self {
        Self {
            environment,
            batches: batches.into_iter().collect(),
        }
    }

    /// A night on a host of databases and virtual machines, one batch a second: QEMU and `MariaDB`
    /// with 512-byte requests on a 4K disk (both rejected), vectors of odd lengths from an
    /// asynchronous writer, a backup whose reads btrfs serves from the page cache, a directory
    /// server whose buffers only this device accepts, and two healthy programs.
    #[must_use]
    pub fn night(seconds: u32) -> Self {
        Self::new(environment::night(), (1..=seconds).map(batch))
    }

    /// The same host with only its healthy programs.
    #[must_use]
    pub fn healthy(seconds: u32) -> Self {
        let batches = (1..=seconds).map(|second| {
            let mut batch = batch(second);
            let healthy = |pid| {
                Actor::ALL
                    .iter()
                    .any(|one| one.pid == pid && one.is_healthy())
            };
            batch.records.retain(|record| healthy(record.pid));
            batch.losses.clear();
            batch
        });
        Self::new(environment::night(), batches)
    }
}

impl EventSource for Script {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    async fn next_batch(&mut self) -> anyhow::Result<Option<Batch>> {
        Ok(self.batches.pop_front())
    }
}

fn batch(second: u32) -> Batch {
    let time = Timestamp(STARTED.0 + i64::from(second) * 1_000_000_000);
    let mut records: Vec<_> = Actor::ALL
        .iter()
        .flat_map(|actor| actor.play(second, time))
        .collect();
    records.sort_by_key(|record| record.time);
    let losses = (second == LOSS_AT)
        .then_some(Loss {
            cause: LossCause::DetailCapped,
            count: 37,
        })
        .into_iter()
        .collect();
    Batch {
        time,
        records,
        losses,
    }
}
