//! One line of a table.

use std::sync::Arc;

use crate::{
    findings::Key,
    model::{DeviceNumber, Flag, Limits, Operation, Record, Verdict},
    store::{
        Set, Tally, Volume,
        cell::CellKey,
        file::{File, FileKey},
        process::{Process, ProcessKey},
        tally::Worst,
        view::Kind,
    },
};

/// The identity of a row, which stays the same from one snapshot to the next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    /// A process.
    Process(ProcessKey),
    /// A file, with all its users.
    File(FileKey),
    /// A file below its process.
    ProcessFile(ProcessKey, FileKey),
    /// A device.
    Device(Option<DeviceNumber>),
    /// A verdict with its reasons.
    Kind(Kind),
    /// A finding.
    Finding(Arc<Key>),
    /// Everything that the view selects.
    All,
}

/// Sums over the requests that a row stands for.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its identity.
    pub key: RowKey,
    /// The process; `None` where the requests belong to several.
    pub process: Option<ProcessKey>,
    /// User of that process.
    pub uid: Option<u32>,
    /// Control group of that process.
    pub cgroup: Option<Arc<str>>,
    /// The file; `None` where the requests are on several.
    pub file: Option<Arc<File>>,
    /// Limits in force; `None` where they differ between requests.
    pub limits: Option<Limits>,
    /// Filesystem; `None` where it differs between requests.
    pub filesystem: Option<Arc<str>>,
    /// The device with the most trouble, then the most requests.
    pub disk: Option<Arc<str>>,
    /// Number of devices.
    pub disks: usize,
    /// Number of files.
    pub files: usize,
    /// Number of processes.
    pub processes: usize,
    /// All counts.
    pub tally: Tally,
    /// Number of reads among them.
    pub reads: u64,
    /// Current requests per second.
    pub rate: f64,
    /// The worst verdict with its most frequent reasons; `None` where nothing is wrong.
    pub main: Option<Kind>,
    /// A request of that kind: the newest captured one, if any was captured.
    pub example: Option<Arc<Record>>,
}

/// A device with its name, and two numbers of requests: those in trouble, and all.
type DiskUse = (Option<DeviceNumber>, Option<Arc<str>>, (u64, u64));

/// Builds a row from cells.
#[derive(Debug)]
pub(super) struct Builder {
    row: Box<Row>,
    first: bool,
    kinds: Vec<(Kind, u64, Option<Arc<Record>>)>,
    disks: Vec<DiskUse>,
    files: Set<FileKey>,
    /// The process of the last added part: parts of one process come one after the other.
    last: Option<ProcessKey>,
    recent: u64,
}

/// The contribution of one cell in the window asked for.
pub(super) struct Part<'a> {
    pub(super) key: CellKey,
    pub(super) volume: Volume,
    pub(super) worst: Worst,
    /// Number of requests in the last few seconds.
    pub(super) recent: u64,
    pub(super) example: Option<&'a Arc<Record>>,
}

impl Builder {
    pub(super) fn new(key: RowKey) -> Self {
        let row = Row {
            key,
            process: None,
            uid: None,
            cgroup: None,
            file: None,
            limits: None,
            filesystem: None,
            disk: None,
            disks: 0,
            files: 0,
            processes: 0,
            tally: Tally::default(),
            reads: 0,
            rate: 0.0,
            main: None,
            example: None,
        };
        Self {
            row: Box::new(row),
            first: true,
            kinds: Vec::new(),
            disks: Vec::new(),
            files: Set::default(),
            last: None,
            recent: 0,
        }
    }

    /// Whether this is the row of that process.
    pub(super) fn is_of(&self, process: &Process) -> bool {
        matches!(&self.row.key, RowKey::Process(key) if *key == process.key)
    }

    /// Adds the cells of one file in one process.
    pub(super) fn add(&mut self, process: &Process, file: &Arc<File>, parts: &[Part<'_>]) {
        self.identify(process, file);
        let mut weight = (0, 0);
        for part in parts {
            let key = part.key;
            self.row
                .tally
                .count(part.volume, key.verdict, key.reasons, key.flags, part.worst);
            self.recent += part.recent;
            if key.operation == Operation::Read {
                self.row.reads += part.volume.count;
            }
            let probing = key.flags.contains(Flag::Probing);
            if key.verdict.is_trouble() && !probing {
                weight.0 += part.volume.count;
            }
            weight.1 += part.volume.count;
            let is_finding = matches!(self.row.key, RowKey::Finding(_));
            if (severity(key.verdict) > 0 || is_finding) && !probing {
                let kind = Kind {
                    verdict: key.verdict,
                    reasons: key.reasons,
                };
                self.add_kind(kind, part);
            }
        }
        let device = file.key.device();
        match self.disks.iter_mut().find(|(known, ..)| *known == device) {
            Some((_, _, sum)) => *sum = (sum.0 + weight.0, sum.1 + weight.1),
            None => self.disks.push((device, file.disk.clone(), weight)),
        }
    }

    fn add_kind(&mut self, kind: Kind, part: &Part<'_>) {
        let Some((_, count, example)) = self.kinds.iter_mut().find(|(known, ..)| *known == kind)
        else {
            self.kinds
                .push((kind, part.volume.count, part.example.cloned()));
            return;
        };
        *count += part.volume.count;
        // Process and offset decide between two of the same time, so that the order of a hash map
        // does not.
        let worth = |record: &Record| {
            let offset = record
                .request
                .as_ref()
                .map(|request| request.geometry.offset);
            (offset.is_some(), record.time, record.pid, offset)
        };
        if let Some(other) = part.example
            && example
                .as_deref()
                .is_none_or(|known| worth(other) > worth(known))
        {
            *example = Some(Arc::clone(other));
        }
    }

    fn identify(&mut self, process: &Process, file: &Arc<File>) {
        let row = &mut self.row;
        if self.first {
            self.first = false;
            row.process = Some(process.key.clone());
            row.uid = process.uid;
            row.cgroup.clone_from(&process.cgroup);
            row.file = Some(Arc::clone(file));
            row.limits = file.limits;
            row.filesystem.clone_from(&file.filesystem);
        } else {
            if row.process.as_ref() != Some(&process.key) {
                (row.process, row.uid, row.cgroup) = (None, None, None);
            }
            row.file.take_if(|known| known.key != file.key);
            row.limits.take_if(|known| Some(*known) != file.limits);
            row.filesystem
                .take_if(|known| Some(&*known) != file.filesystem.as_ref());
        }
        if self.last.as_ref() != Some(&process.key) {
            self.last = Some(process.key.clone());
            row.processes += 1;
        }
        match row.key {
            // A process's files come one by one.
            RowKey::Process(_) => row.files += 1,
            // What the key determines needs no counting, and the number of files is not shown.
            RowKey::File(_) | RowKey::ProcessFile(..) | RowKey::All => row.files = 1,
            RowKey::Device(_) | RowKey::Kind(_) | RowKey::Finding(_) => {
                self.files.insert(file.key.clone());
            }
        }
    }

    /// The finished row; `seconds` is the time over which recent requests were counted.
    pub(super) fn finish(mut self, seconds: f64) -> Box<Row> {
        let row = &mut self.row;
        row.rate = self.recent as f64 / seconds;
        let main = self
            .kinds
            .into_iter()
            .max_by_key(|(kind, count, _)| (severity(kind.verdict), *count, *kind));
        if let Some((kind, _, example)) = main {
            row.main = Some(kind);
            row.example = example;
        }
        row.disks = self.disks.len();
        row.disk = self
            .disks
            .into_iter()
            .max_by_key(|(device, _, weight)| (*weight, std::cmp::Reverse(*device)))
            .and_then(|(device, disk, _)| {
                disk.or_else(|| device.map(|device| device.to_string().into()))
            });
        row.files = row.files.max(self.files.len());
        self.row
    }
}

/// The badness of a verdict; 0 means that there is nothing to explain.
const fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Aligned => 0,
        Verdict::Failed => 1,
        Verdict::Accepted => 2,
        Verdict::Buffered => 3,
        Verdict::Rejected => 4,
    }
}
