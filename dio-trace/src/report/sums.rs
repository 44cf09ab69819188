//! Sums over requests, by everything that a report distinguishes them by.

use std::{collections::BTreeMap, hash::Hash, sync::Arc};

use crate::{
    hash::Map,
    model::{Limits, Losses, Record, RuleSet, Timestamp},
    report::{
        keys::{Case, Coarse, File, Place, Process},
        pids::Pids,
        stacks::Stacks,
        unlisted::Unlisted,
    },
    store::{Tally, Volume},
};

/// Number of rows distinguished in a table. Later ones are summed up by program and disk, and from twice
/// as many on in one row, so that no recording can use up all memory.
const CAPACITY: usize = 20_000;

/// The requests of a [`Case`], and an example.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Number and bytes of the requests.
    pub volume: Volume,
    /// Call stacks of the program that issued them, as far as the recording has stacks.
    pub stacks: Stacks,
    /// Processes that issued them.
    pub pids: Pids,
    /// Files that are not told apart, because there are too many.
    pub unlisted: Option<Box<Unlisted>>,
    /// Place of the example in the recording, and the example: the earliest one with details.
    pub(super) example: Option<((u64, usize), Box<Record>)>,
    /// The rule set of the kernel that the example was recorded on.
    pub(super) rules: Option<RuleSet>,
}

impl Seen {
    /// An example: a request with its details, if one was recorded.
    #[must_use]
    pub fn example(&self) -> Option<&Record> {
        self.example.as_ref().map(|(_, record)| &**record)
    }

    /// The rule set of the kernel that the example was recorded on.
    #[must_use]
    pub fn rules(&self) -> RuleSet {
        self.rules.unwrap_or(RuleSet::Unknown)
    }

    /// Whether the example is a request with its details.
    pub(super) fn has_details(&self) -> bool {
        self.example()
            .is_some_and(|example| example.request.is_some())
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.volume.add(other.volume);
        self.stacks.merge(other.stacks);
        self.pids.merge(&other.pids);
        if let Some(unlisted) = other.unlisted {
            self.unlisted.get_or_insert_default().merge(&unlisted);
        }
        let rank =
            |(place, record): &((u64, usize), Box<Record>)| (record.request.is_none(), *place);
        let is_better = match (&self.example, &other.example) {
            (Some(own), Some(other)) => rank(other) < rank(own),
            (own, _) => own.is_none(),
        };
        if is_better {
            (self.example, self.rules) = (other.example, other.rules);
        }
    }
}

/// A disk.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// Requests on the disk.
    pub tally: Tally,
    /// Its limits, from the first row that has them.
    pub limits: Option<Limits>,
}

/// Sums of some batches.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) total: Tally,
    pub(super) processes: Map<Process, Tally>,
    pub(super) places: Map<Place, Tally>,
    pub(super) files: Map<File, Tally>,
    pub(super) disks: BTreeMap<Option<Arc<str>>, Disk>,
    pub(super) cases: Map<Case, Seen>,
    pub(super) losses: Losses,
}

impl Gathered {
    pub(super) fn merge(&mut self, other: Self) {
        self.see(other.first);
        self.see(other.last);
        self.total.merge(&other.total);
        for loss in other.losses.iter() {
            self.losses.add(loss);
        }
        for (process, tally) in other.processes {
            entry(&mut self.processes, process).merge(&tally);
        }
        for (place, tally) in other.places {
            entry(&mut self.places, place).merge(&tally);
        }
        for (file, tally) in other.files {
            entry(&mut self.files, file).merge(&tally);
        }
        for (disk, seen) in other.disks {
            let entry = self.disks.entry(disk).or_default();
            entry.tally.merge(&seen.tally);
            entry.limits = entry.limits.or(seen.limits);
        }
        for (case, seen) in other.cases {
            self.case(case).merge(seen);
        }
    }

    /// Says on which kernel everything so far was recorded.
    pub(super) fn recorded_on(&mut self, rules: RuleSet) {
        self.cases
            .values_mut()
            .for_each(|seen| seen.rules = Some(rules));
    }

    /// Adds requests of one process and place.
    pub(super) fn count(
        &mut self,
        tally: &Tally,
        process: Process,
        place: Place,
        limits: impl FnOnce() -> Option<Limits>,
    ) {
        self.total.merge(tally);
        entry(&mut self.processes, process).merge(tally);
        entry(&mut self.files, place.file.clone()).merge(tally);
        let disk = self.disks.entry(place.file.disk.clone()).or_default();
        disk.tally.merge(tally);
        disk.limits = disk.limits.or_else(limits);
        entry(&mut self.places, place).merge(tally);
    }

    pub(super) fn see(&mut self, time: Option<Timestamp>) {
        let Some(time) = time else { return };
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
    }

    pub(super) fn case(&mut self, case: Case) -> &mut Seen {
        if self.cases.len() < CAPACITY || self.cases.contains_key(&case) {
            return self.cases.entry(case).or_default();
        }
        let mut coarse = Case {
            place: case.place.coarse(),
            ..case.clone()
        };
        if self.cases.len() >= 2 * CAPACITY && !self.cases.contains_key(&coarse) {
            (coarse.place, coarse.unit, coarse.call_site) = (Place::default(), None, None);
        }
        let is_file = coarse.place.file != case.place.file;
        let seen = self.cases.entry(coarse).or_default();
        if is_file {
            let unlisted = seen.unlisted.get_or_insert_default();
            unlisted.add(&case.place.file);
        }
        seen
    }
}

/// The row of a key; where there are too many, that of a coarser key.
fn entry<K: Hash + Eq + Default + Coarse, V: Default>(map: &mut Map<K, V>, key: K) -> &mut V {
    let key = if map.len() < CAPACITY || map.contains_key(&key) {
        key
    } else {
        let coarse = key.coarse();
        if map.len() < 2 * CAPACITY || map.contains_key(&coarse) {
            coarse
        } else {
            K::default()
        }
    };
    map.entry(key).or_default()
}
