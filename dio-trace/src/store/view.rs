//! What is asked of the store: which requests, grouped how, in which order.

use crate::{
    filter::Filter,
    model::{DeviceNumber, Reasons, Record, Verdict},
    store::{file::FileKey, process::ProcessKey},
};

/// A verdict with its reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// What became of the requests.
    pub verdict: Verdict,
    /// What about them is misaligned.
    pub reasons: Reasons,
}

/// The part of all requests one has drilled down to. The empty scope is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Of one process.
    pub process: Option<ProcessKey>,
    /// On one file.
    pub file: Option<FileKey>,
    /// On one device; the inner `None` is "no device known".
    pub device: Option<Option<DeviceNumber>>,
    /// With one verdict and set of reasons.
    pub kind: Option<Kind>,
}

impl Scope {
    /// Whether one record lies in it. Rows of "(others)" have no single requests.
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
    }
}

/// What one row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// A process.
    Processes,
    /// A process, with its files below it.
    Tree,
    /// A file, whoever uses it.
    Files,
    /// A block device.
    Devices,
    /// A verdict with its reasons.
    Reasons,
    /// A single captured request.
    Requests,
}

/// Which requests are summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Window {
    /// All since the start or the last reset.
    #[default]
    Start,
    /// Those of the last minute.
    LastMinute,
}

/// A quantity that tables show and sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// Most rejected, then buffered, then accepted, then all.
    Trouble,
    /// Process id.
    Pid,
    /// Name of the process.
    Command,
    /// User.
    User,
    /// Control group.
    Cgroup,
    /// Present requests per second.
    Rate,
    /// Requests with this verdict.
    Verdict(Verdict),
    /// Requests that only probed for the alignment in force.
    Probing,
    /// All requests.
    Total,
    /// Bytes asked for.
    Bytes,
    /// Smallest alignment of memory addresses seen.
    WorstMemory,
    /// Smallest alignment of offsets seen.
    WorstOffset,
    /// Smallest alignment of segment lengths seen.
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
    /// Who says what the limits are.
    LimitSource,
    /// Flags beside the verdict.
    Flags,
    /// Time of submission.
    Time,
    /// Verdict of one request.
    Outcome,
    /// Direction.
    Operation,
    /// Interface.
    Interface,
    /// Position in the file.
    Offset,
    /// Bytes asked for by one request.
    Length,
    /// Number of segments.
    Segments,
    /// Bytes done or the error.
    Result,
    /// Time from submission to result.
    Latency,
}

/// An order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    /// The quantity compared.
    pub column: Column,
    /// Largest first.
    pub descending: bool,
}

/// What a snapshot is to show.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The part drilled down to.
    pub scope: Scope,
    /// Further conditions.
    pub filter: Filter,
    /// What one row stands for.
    pub grouping: Grouping,
    /// Which requests are summed up.
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
