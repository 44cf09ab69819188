//! Sums over everything seen, in bounded memory whatever the number of processes and files.

mod bounds;
mod cell;
mod file;
mod groups;
mod histogram;
mod ingest;
mod log;
mod order;
mod process;
mod rates;
mod requests;
mod row;
mod select;
mod snapshot;
mod tally;
mod view;
mod window;

use std::sync::Arc;

pub use bounds::{
    CELLS_MAX, FILES_PER_PROCESS, LOG_ENTRIES, PROCESSES_WITH_REQUESTS, RATE_SECONDS,
    REQUESTS_OVERALL, REQUESTS_PER_PROCESS,
};
pub use file::{File, FileKey};
pub use histogram::{Axis, BUCKETS, Histogram};
pub use log::{Entry, Event};
pub use process::ProcessKey;
pub use rates::Rates;
pub use row::{Row, RowKey};
pub use snapshot::Snapshot;
pub use tally::{Tally, Volume, Worst};
pub use view::{Column, Grouping, Kind, Order, Scope, View, Window};

use crate::{
    findings::Faults,
    hash::{Map, Set},
    model::{Environment, Losses, Timestamp},
    store::{log::Log, process::Process, requests::Requests},
};

/// Counts of everything seen, and the newest single requests.
#[derive(Clone, Debug)]
pub struct Store {
    environment: Arc<Environment>,
    /// Time of the newest batch.
    time: Timestamp,
    /// Middle of the time that the newest batch covers.
    middle: Timestamp,
    /// Time at which counting began.
    since: Timestamp,
    processes: Map<ProcessKey, Process>,
    /// The row for processes that did not fit.
    others: Option<Box<Process>>,
    /// Number of cells in `processes` and `others`.
    cells: usize,
    /// Number of processes folded into `others`.
    folded: u64,
    total: Tally,
    faults: Faults,
    rates: Rates,
    losses: Losses,
    requests: Requests,
    histogram: Box<Histogram>,
    log: Log,
}

impl Store {
    /// An empty store for a trace from this environment.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        let started = environment.started;
        Self {
            environment: Arc::new(environment),
            time: started,
            middle: started,
            since: started,
            processes: Map::default(),
            others: None,
            cells: 0,
            folded: 0,
            total: Tally::default(),
            faults: Faults::default(),
            rates: Rates::default(),
            losses: Losses::default(),
            requests: Requests::default(),
            histogram: Box::default(),
            log: Log::default(),
        }
    }

    /// Drops all counts and requests. Losses and the log stay: a reset must not hide that numbers
    /// were not exact.
    pub fn reset(&mut self) {
        let kept = (
            self.losses.clone(),
            self.log.clone(),
            self.rates.clone(),
            self.time,
        );
        *self = Self::new((*self.environment).clone());
        (self.losses, self.log, self.rates, self.time) = kept;
        self.since = self.time;
        self.note("counters reset");
    }

    /// Adds a line to the event log.
    pub fn note(&mut self, text: &str) {
        self.log.push(self.time, Event::Note(text.into()));
    }

    /// Number of cells in use; at most [`CELLS_MAX`] and a few more.
    #[must_use]
    pub const fn cells(&self) -> usize {
        self.cells
    }
}

#[cfg(test)]
mod tests;
