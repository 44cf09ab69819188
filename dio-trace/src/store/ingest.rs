//! Adds batches to the store.

use std::sync::Arc;

use crate::{
    findings::unit,
    model::{Batch, Flag, Record, Timestamp, Verdict},
    store::{
        Store,
        bounds::{CELLS_MAX, FOLDED_PART, GOES_ON},
        cell::CellKey,
        log::Event,
        process::{Process, ProcessKey},
    },
};

impl Store {
    /// Adds a batch.
    pub fn add(&mut self, batch: Batch) {
        // The parts of a recording may have been joined by hand and go back in time; the store's
        // clock does not.
        let time = batch.time.max(self.time);
        if self.since == Timestamp::default() {
            self.since = time;
        }
        // A batch is counted at the middle of the time that it covers. At its end, a batch that
        // closes just after a slot begins would put a whole second into that slot.
        let covered = time.since(self.time).min(1_000_000_000);
        self.middle = Timestamp(time.0.saturating_sub(covered.cast_signed() / 2));
        self.time = time;
        let mut counts = [0_u64; Verdict::ALL.len()];
        for record in batch.records {
            if !record.flags.contains(Flag::Probing) {
                let count = &mut counts[record.verdict as usize];
                *count = count.saturating_add(record.count);
            }
            self.add_record(record);
        }
        self.rates.add(time, counts);
        for loss in batch.losses.into_iter().filter(|loss| loss.count != 0) {
            self.losses.add(loss);
            self.log.push(time, Event::Lost(loss));
        }
    }

    fn add_record(&mut self, record: Record) {
        self.total.add(&record);
        self.faults.add(&record);
        if self.cells >= CELLS_MAX {
            self.fold();
        }
        let key = ProcessKey::of(&record);
        let process = match self.processes.get_mut(&key) {
            Some(process) => process,
            None => self
                .processes
                .entry(key.clone())
                .or_insert(Process::new(key.clone())),
        };
        process.uid = Some(record.uid);
        process.last_seen = self.time;
        if record.cgroup.is_some() && process.cgroup != record.cgroup {
            process.cgroup.clone_from(&record.cgroup);
            process.unit = unit(&record);
        }
        let file = process.file(&record);
        let kind = CellKey::of(&record);
        let is_first = !file.has_seen(kind);
        let (cell, new) = file.cell(kind);
        cell.add(self.middle, &record);
        self.cells += usize::from(new);
        let single = record.request.is_some();
        let unexplained = cell.example.is_none() && record.verdict != Verdict::Aligned;
        if !single && !unexplained {
            return;
        }
        let record = Arc::new(record);
        cell.example = Some(Arc::clone(&record));
        if new && is_first && is_notable(&record) {
            self.log.push(self.time, Event::First(Arc::clone(&record)));
        }
        if let Some(request) = &record.request {
            // Probing stays separate here as well, or it would look like trouble.
            if !record.flags.contains(Flag::Probing) {
                self.histogram.add(record.verdict, request);
                let own = process.histogram.get_or_insert_default();
                own.add(record.verdict, request);
            }
            self.requests.push(self.time, &key, &record);
        }
    }

    /// Makes room: folds the processes that were idle for longest into "(others)". Those without
    /// trouble go first, because the others are what people look for. Active processes go last,
    /// because they would be back at once.
    fn fold(&mut self) {
        let goes_on = |process: &Process| self.time.since(process.last_seen) < GOES_ON;
        let mut order: Vec<(bool, bool, Timestamp, ProcessKey)> = self
            .processes
            .values()
            .map(|process| {
                (
                    goes_on(process),
                    process.has_trouble(),
                    process.last_seen,
                    process.key.clone(),
                )
            })
            .collect();
        order.sort();
        let enough = CELLS_MAX / FOLDED_PART;
        let others = self
            .others
            .get_or_insert_with(|| Box::new(Process::new(ProcessKey::Others)));
        let (mut freed, mut folded) = (0, 0);
        for (.., key) in order {
            if freed >= enough {
                break;
            }
            if let Some(process) = self.processes.remove(&key) {
                freed += process.cells();
                self.cells = (self.cells + others.absorb(&process)).saturating_sub(process.cells());
                folded += 1;
            }
        }
        self.folded += folded;
        self.log
            .push(self.time, Event::Folded { processes: folded });
    }
}

/// Whether the first request of this kind goes into the event log.
fn is_notable(record: &Record) -> bool {
    !record.flags.contains(Flag::Probing)
        && (record.verdict.is_trouble() || record.flags.contains(Flag::Unchecked))
}

impl Process {
    fn has_trouble(&self) -> bool {
        self.files
            .values()
            .flat_map(|used| &used.cells)
            .any(|cell| cell.key.verdict.is_trouble() && !cell.key.flags.contains(Flag::Probing))
    }
}
