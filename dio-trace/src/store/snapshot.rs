//! Snapshots: immutable copies of everything that one screen draws.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use crate::{
    findings::{Headline, Key, complete},
    model::{Environment, Losses, Record, Timestamp},
    store::{
        Store, Tally,
        file::FileUse,
        groups::{Groups, finding},
        histogram::Histogram,
        log::Entry,
        process::Process,
        rates::Rates,
        row::{Builder, Part, Row, RowKey},
        view::{Grouping, View, Window},
        window::recent_seconds,
    },
};

/// The data of a screen. It does not change while the store continues counting.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The environment in which the requests were taken.
    pub environment: Arc<Environment>,
    /// Time of the newest batch.
    pub time: Timestamp,
    /// Time at which counting began: the first batch, or the last reset.
    pub since: Timestamp,
    /// All counts since then, whatever the view.
    pub total: Tally,
    /// What is wrong with them, in one sentence.
    pub headline: Headline,
    /// The counts since then that the view selects, in its window.
    pub selected: Box<Row>,
    /// Rates by verdict of the whole trace.
    pub rates: Rates,
    /// Losses since the start; a reset keeps them.
    pub losses: Losses,
    /// Number of known processes.
    pub processes: usize,
    /// Number of processes folded into "(others)".
    pub folded: u64,
    /// The rows, in the view's order; empty where it asks for requests.
    pub rows: Vec<(u8, Box<Row>)>,
    /// Single requests, in the view's order; empty where it asks for rows.
    pub requests: Vec<Arc<Record>>,
    /// Alignments of captured requests: of the process in scope, or of all.
    pub histogram: Histogram,
    /// The event log, oldest first.
    pub log: Vec<Entry>,
    /// Number of entries that the log has dropped.
    pub log_dropped: u64,
}

impl Store {
    /// Takes a snapshot of the present counts.
    #[must_use]
    pub fn snapshot(&self, view: &View) -> Snapshot {
        let mut selected = Builder::new(RowKey::All);
        let mut groups = Groups::new(view.grouping, self.whole(view));
        let mut examples = Vec::new();
        self.for_each_selected(view, |process, used, parts| {
            selected.add(process, &used.file, parts);
            if view.grouping == Grouping::Requests {
                examples.extend(used.cells.iter().filter_map(|cell| cell.example.clone()));
            } else {
                groups.add(process, &used.file, parts);
            }
        });
        let seconds = recent_seconds(self.time, self.since);
        Snapshot {
            environment: Arc::clone(&self.environment),
            time: self.time,
            since: self.since,
            total: self.total.clone(),
            headline: Headline::of(
                &self.faults,
                Duration::from_nanos(self.time.since(self.since)),
                &self.losses,
            ),
            selected: selected.finish(seconds),
            rates: self.rates.clone(),
            losses: self.losses.clone(),
            processes: self.processes.len(),
            folded: self.folded,
            rows: groups.finish(view, seconds),
            requests: if view.grouping == Grouping::Requests {
                self.requests_of(view, examples)
            } else {
                Vec::new()
            },
            histogram: self.histogram_of(view),
            log: self.log.iter().cloned().collect(),
            log_dropped: self.log.dropped,
        }
    }

    /// The findings of cells that do not say everything about their cause.
    fn whole(&self, view: &View) -> HashMap<Key, Key> {
        let mut keys = HashSet::new();
        if view.grouping == Grouping::Findings {
            self.for_each_selected(view, |process, used, parts| {
                let parts = parts.iter();
                keys.extend(parts.filter_map(|part| finding(process, &used.file, part)));
            });
        }
        complete(&keys)
    }

    /// Every file of every process with the cells that the view selects, in its window.
    fn for_each_selected(
        &self,
        view: &View,
        mut take: impl FnMut(&Process, &FileUse, &[Part<'_>]),
    ) {
        let processes = self.processes.values().chain(self.others.as_deref());
        for process in processes.filter(|process| view.selects_process(process)) {
            let files = process.files.values();
            for used in files.filter(|used| view.selects_file(&used.file)) {
                let mut parts = Vec::with_capacity(used.cells.len());
                for cell in used.cells.iter().filter(|cell| view.selects_cell(cell.key)) {
                    let (volume, worst) = match view.window {
                        Window::Start => (cell.volume, cell.worst),
                        Window::LastMinute => cell.window.last_minute(self.time),
                    };
                    let recent = cell.window.recent(self.time).count;
                    if volume.count != 0 {
                        parts.push(Part {
                            key: cell.key,
                            volume,
                            worst,
                            recent,
                            example: cell.example.as_ref(),
                        });
                    }
                }
                if !parts.is_empty() {
                    take(process, used, &parts);
                }
            }
        }
    }

    /// The kept requests of the view, each once.
    fn requests_of(&self, view: &View, examples: Vec<Arc<Record>>) -> Vec<Arc<Record>> {
        const MINUTE: i64 = 60_000_000_000;
        let oldest = match view.window {
            Window::Start => Timestamp(i64::MIN),
            Window::LastMinute => Timestamp(self.time.0.saturating_sub(MINUTE)),
        };
        let mut known = HashSet::new();
        let mut requests: Vec<Arc<Record>> = self
            .requests
            .iter()
            .cloned()
            .chain(examples)
            .filter(|record| {
                record.request.is_some()
                    && record.time >= oldest
                    && view.scope.contains(record)
                    && view.filter.matches(record)
                    && known.insert(Arc::as_ptr(record))
            })
            .collect();
        view.order.sort_requests(&mut requests);
        requests
    }

    fn histogram_of(&self, view: &View) -> Histogram {
        let Some(key) = &view.scope.process else {
            return (*self.histogram).clone();
        };
        let process = self
            .processes
            .get(key)
            .or(self.others.as_deref().filter(|others| others.key == *key));
        process
            .and_then(|process| process.histogram.as_deref().cloned())
            .unwrap_or_default()
    }
}
