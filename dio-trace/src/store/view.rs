//! Views: which requests the store shows, in which groups and which order.

use std::sync::Arc;

use crate::{
    filter::Filter,
    findings::{Key, Traits, unit},
    model::{DeviceNumber, Reasons, Record, Verdict},
    store::{file::FileKey, process::ProcessKey},
};

/// A verdict with its reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// The verdict of the requests.
    pub verdict: Verdict,
    /// The reasons of the requests.
    pub reasons: Reasons,
}

/// The part of all requests that the user has drilled down to. The empty scope is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Only requests of this process.
    pub process: Option<ProcessKey>,
    /// Only requests on this file.
    pub file: Option<FileKey>,
    /// Only requests on this device; the inner `None` means "no device known".
    pub device: Option<Option<DeviceNumber>>,
    /// Only requests with this verdict and set of reasons.
    pub kind: Option<Kind>,
    /// Only requests of this finding.
    pub finding: Option<Arc<Key>>,
}

impl Scope {
    /// Whether a record is in the scope. Rows of "(others)" have no single requests.
    #[must_use]
    pub fn contains(&self, record: &Record) -> bool {
        let kind = Kind {
            verdict: record.verdict,
            reasons: record.reasons,
        };
        self.process
            .as_ref()
            .is_none_or(|process| *process == ProcessKey::of(record))
            && self
                .file
                .as_ref()
                .is_none_or(|file| *file == FileKey::of(record))
            && self.device.is_none_or(|device| device == record.device)
            && self.kind.is_none_or(|only| only == kind)
            && self
                .finding
                .as_ref()
                .is_none_or(|only| finding_of(record).is_some_and(|key| belongs(&key, only)))
    }
}

/// The finding to which a record belongs, as far as the store tells findings apart.
fn finding_of(record: &Record) -> Option<Key> {
    let unit = unit(record);
    let key = Key::of(Traits::of(record))?
        .by(&record.comm, unit.as_ref())
        .on(record.filesystem.as_ref(), record.disk.as_ref());
    Some(key)
}

/// Whether requests with this key are part of a finding: in older recordings those that were only counted
/// do not say with which error they failed.
pub(super) fn belongs(key: &Key, finding: &Key) -> bool {
    key == finding
        || (key.errno == 0
            && *key
                == Key {
                    errno: 0,
                    ..finding.clone()
                })
}

/// The unit of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// A finding.
    Findings,
    /// A process.
    Processes,
    /// A process, followed by its files.
    Tree,
    /// A file, with all its users.
    Files,
    /// A block device.
    Devices,
    /// A verdict with its reasons.
    Reasons,
    /// A single captured request.
    Requests,
}

/// The time over which requests are summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Window {
    /// Since the start or the last reset.
    #[default]
    Start,
    /// The last minute.
    LastMinute,
}

/// A quantity that tables show and sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// Harm, then number of requests.
    Harm,
    /// Number of rejected requests, then of buffered, accepted and all requests.
    Trouble,
    /// Process id.
    Pid,
    /// Name of the process.
    Command,
    /// User id.
    User,
    /// Control group.
    Cgroup,
    /// Current requests per second.
    Rate,
    /// Number of requests with this verdict.
    Verdict(Verdict),
    /// Number of requests that only probed for the alignment in force.
    Probing,
    /// Number of all requests.
    Total,
    /// Bytes that all requests asked for.
    Bytes,
    /// Smallest alignment of memory addresses.
    WorstMemory,
    /// Smallest alignment of offsets.
    WorstOffset,
    /// Smallest alignment of segment lengths.
    WorstLength,
    /// Device.
    Disk,
    /// Filesystem.
    Filesystem,
    /// Number of files.
    FileCount,
    /// Number of processes.
    ProcessCount,
    /// Main reason.
    Reason,
    /// Path.
    Path,
    /// Logical block size.
    LogicalBlock,
    /// Memory alignment that the device's DMA engine asks for.
    DmaAlignment,
    /// Block size of the filesystem.
    FilesystemBlock,
    /// Virtual boundary.
    VirtBoundary,
    /// Source of the limits.
    LimitSource,
    /// Flags in addition to the verdict.
    Flags,
    /// Time of submission.
    Time,
    /// Verdict of one request.
    Outcome,
    /// Operation: read or write.
    Operation,
    /// Interface.
    Interface,
    /// Position in the file.
    Offset,
    /// Bytes asked for by one request.
    Length,
    /// Number of segments.
    Segments,
    /// Bytes done, or the error.
    Result,
    /// Time from submission to result.
    Latency,
}

/// An order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    /// The quantity to compare.
    pub column: Column,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// The request for a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The part that the user has drilled down to.
    pub scope: Scope,
    /// Further conditions.
    pub filter: Filter,
    /// The unit of a row.
    pub grouping: Grouping,
    /// The time over which requests are summed up.
    pub window: Window,
    /// The order of rows.
    pub order: Order,
}

impl Default for View {
    fn default() -> Self {
        Self {
            scope: Scope::default(),
            filter: Filter::default(),
            grouping: Grouping::Processes,
            window: Window::Start,
            order: Order {
                column: Column::Trouble,
                descending: true,
            },
        }
    }
}
