//! The newest single requests, overall and of each process.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    model::{Record, Timestamp},
    store::{
        Map,
        bounds::{PROCESSES_WITH_REQUESTS, REQUESTS_OVERALL, REQUESTS_PER_PROCESS},
        process::ProcessKey,
    },
};

#[derive(Clone, Debug, Default)]
struct Ring {
    records: VecDeque<Arc<Record>>,
    last: Timestamp,
}

impl Ring {
    fn push(&mut self, time: Timestamp, record: &Arc<Record>) {
        self.last = time;
        push(&mut self.records, record, REQUESTS_PER_PROCESS);
    }
}

/// Bounded lists of single requests: one for all, and one for each process.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    overall: VecDeque<Arc<Record>>,
    by_process: Map<ProcessKey, Ring>,
}

impl Requests {
    /// Adds one captured request, seen at `time`.
    pub(super) fn push(&mut self, time: Timestamp, key: &ProcessKey, record: &Arc<Record>) {
        push(&mut self.overall, record, REQUESTS_OVERALL);
        if let Some(ring) = self.by_process.get_mut(key) {
            ring.push(time, record);
            return;
        }
        if self.by_process.len() >= PROCESSES_WITH_REQUESTS {
            let silent = self.by_process.iter().min_by_key(|(_, ring)| ring.last);
            if let Some(silent) = silent.map(|(key, _)| key.clone()) {
                self.by_process.remove(&silent);
            }
        }
        let ring = self.by_process.entry(key.clone()).or_default();
        ring.push(time, record);
    }

    /// All kept requests: those of the common list, newest first, then those of the processes' own
    /// lists. A request may occur twice.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Record>> {
        let own = self.by_process.values().flat_map(|ring| &ring.records);
        self.overall.iter().rev().chain(own)
    }
}

fn push(list: &mut VecDeque<Arc<Record>>, record: &Arc<Record>, most: usize) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(Arc::clone(record));
}
