//! Processes, each with its files.

use std::sync::Arc;

use crate::{
    model::{Record, Timestamp},
    store::{
        Map,
        bounds::{FILES_PER_PROCESS, OTHER_DEVICES},
        file::{File, FileKey, FileUse},
        histogram::Histogram,
    },
};

/// The identity of a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcessKey {
    /// A process under one name; another program started by `exec` is another row.
    One {
        /// Process id (thread group).
        pid: u32,
        /// Name of the thread group leader.
        comm: Arc<str>,
    },
    /// All processes that did not fit.
    Others,
}

impl ProcessKey {
    /// The process of a record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self::One {
            pid: record.pid,
            comm: Arc::clone(&record.comm),
        }
    }
}

/// One process, with all its counts.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) key: ProcessKey,
    pub(super) uid: Option<u32>,
    pub(super) cgroup: Option<Arc<str>>,
    /// The service or container that the control group belongs to.
    pub(super) unit: Option<Arc<str>>,
    pub(super) last_seen: Timestamp,
    pub(super) files: Map<FileKey, FileUse>,
    /// Alignments of its single requests; only misaligned ones have any.
    pub(super) histogram: Option<Box<Histogram>>,
}

impl Process {
    pub(super) fn new(key: ProcessKey) -> Self {
        Self {
            key,
            uid: None,
            cgroup: None,
            unit: None,
            last_seen: Timestamp::default(),
            files: Map::default(),
            histogram: None,
        }
    }

    /// The use of the file that `record` names, or the row for other files where there are too
    /// many.
    pub(super) fn file(&mut self, record: &Record) -> &mut FileUse {
        let mut key = FileKey::of(record);
        let tell_apart = self.key != ProcessKey::Others && self.files.len() < FILES_PER_PROCESS;
        if !tell_apart && !self.files.contains_key(&key) {
            key = self.others(record.device);
        }
        let used = self
            .files
            .entry(key)
            .or_insert_with_key(|key| FileUse::new(Arc::new(File::of(key.clone(), record))));
        if used.file.is_older_than(record) {
            used.file = Arc::new(File::of(used.file.key.clone(), record));
        }
        used
    }

    /// The key of the row for files of `device` that do not fit.
    fn others(&self, device: Option<crate::model::DeviceNumber>) -> FileKey {
        let key = FileKey::Others { device };
        let room = self.files.len() < FILES_PER_PROCESS + OTHER_DEVICES;
        if room || self.files.contains_key(&key) {
            key
        } else {
            FileKey::Others { device: None }
        }
    }

    /// Adds all counts of `other`, and returns how many new cells that needed.
    pub(super) fn absorb(&mut self, other: &Self) -> usize {
        let mut new = 0;
        for used in other.files.values() {
            let key = self.others(used.file.key.device());
            let file = || File {
                key: key.clone(),
                disk: used.file.disk.clone(),
                filesystem: None,
                path: None,
                limits: used.file.limits,
            };
            let own = self
                .files
                .entry(key.clone())
                .or_insert_with(|| FileUse::new(Arc::new(file())));
            new += own.merge(used);
        }
        if let Some(histogram) = &other.histogram {
            self.histogram.get_or_insert_default().merge(histogram);
        }
        self.last_seen = self.last_seen.max(other.last_seen);
        new
    }

    pub(super) fn cells(&self) -> usize {
        self.files.values().map(|used| used.cells.len()).sum()
    }
}
