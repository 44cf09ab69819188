//! The summary of a recording: everything that reports say, summed up over its rows.

use std::{
    collections::{BTreeMap, HashMap},
    io::Read,
    sync::Arc,
};

use crate::{
    filter::Filter,
    model::{Cause, Flag, Flags, Limits, Losses, Operation, Reasons, Record, Timestamp, Verdict},
    recording::{Ending, Metadata, Reader, fold},
    report::{
        gather::{COLUMNS, Gathered, gather},
        stacks::Stacks,
    },
    store::{Tally, Volume},
};

/// Number of rows distinguished in a table. Later ones are summed up in one row, so that no
/// recording can use up all memory.
pub(super) const CAPACITY: usize = 20_000;

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    /// Name of the thread group leader.
    pub comm: Arc<str>,
    /// Process id (thread group); 0 where it is unknown.
    pub pid: u32,
}

/// A file or raw device.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct File {
    /// Path; `None` where it is unknown.
    pub path: Option<Arc<str>>,
    /// Inode number; `None` where the path is known.
    pub inode: Option<u64>,
    /// Type of its filesystem.
    pub filesystem: Option<Arc<str>>,
    /// Its disk.
    pub disk: Option<Arc<str>>,
}

/// A program and a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Name of the program.
    pub comm: Arc<str>,
    /// The file.
    pub file: File,
}

/// A kind of requests: of one program and file, with the same verdict, reasons and flags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Case {
    /// Program and file.
    pub place: Place,
    /// Read or write.
    pub operation: Operation,
    /// Verdict.
    pub verdict: Verdict,
    /// Reasons.
    pub reasons: Reasons,
    /// Flags.
    pub flags: Flags,
    /// Positive errno of those that failed; 0 for others, and where they were only counted.
    pub errno: i64,
    /// Why they were buffered, where that is not their alignment.
    pub cause: Option<Cause>,
}

impl Case {
    /// Whether there is nothing to report: aligned, perhaps at the end of the file or copied.
    pub(super) fn is_plain(&self) -> bool {
        self.verdict == Verdict::Aligned
            && self.reasons.is_empty()
            && self.flags.iter().all(|flag| match flag {
                Flag::EndOfFile | Flag::Copied | Flag::Hole | Flag::Extends | Flag::Atomic => true,
                Flag::Short
                | Flag::Late
                | Flag::Serialised
                | Flag::Unchecked
                | Flag::Probing
                | Flag::WouldBlock
                | Flag::ReadModifyWrite => false,
            })
    }
}

/// The requests of a [`Case`], and an example.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Number and bytes of the requests.
    pub volume: Volume,
    /// Call stacks of the program that issued them, as far as the recording has stacks.
    pub stacks: Stacks,
    /// Place of the example in the recording, and the example: the earliest one with details.
    pub(super) example: Option<((u64, usize), Box<Record>)>,
}

impl Seen {
    /// An example: a request with its details, if one was recorded.
    #[must_use]
    pub fn example(&self) -> Option<&Record> {
        self.example.as_ref().map(|(_, record)| &**record)
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.volume.add(other.volume);
        self.stacks.merge(other.stacks);
        let rank =
            |(place, record): &((u64, usize), Box<Record>)| (record.request.is_none(), *place);
        self.example = match (self.example.take(), other.example) {
            (Some(a), Some(b)) => Some(if rank(&b) < rank(&a) { b } else { a }),
            (a, b) => a.or(b),
        };
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

/// A summary of a whole recording.
#[derive(Debug)]
pub struct Summary {
    /// Metadata of the recording.
    pub metadata: Metadata,
    /// The end of the recording.
    pub ending: Ending,
    /// First and last time in it.
    pub span: (Timestamp, Timestamp),
    /// All requests.
    pub total: Tally,
    /// Requests by process.
    pub processes: HashMap<Process, Tally>,
    /// Requests by program and file.
    pub places: HashMap<Place, Tally>,
    /// Requests by file.
    pub files: HashMap<File, Tally>,
    /// Requests by disk; `None` for requests without one.
    pub disks: BTreeMap<Option<Arc<str>>, Disk>,
    /// All requests that are not plainly aligned.
    pub cases: HashMap<Case, Seen>,
    /// Losses.
    pub losses: Losses,
}

impl Summary {
    /// Sums up the requests that `filter` lets through; losses are always those of the whole
    /// recording.
    ///
    /// # Errors
    /// Where the recording cannot be read.
    pub fn of<R: Read>(reader: Reader<R>, filter: &Filter) -> Result<Self, String> {
        let metadata = reader.metadata().clone();
        let (parts, ending) = fold(reader, &COLUMNS, |sum: &mut Gathered, part| {
            gather(sum, part, filter)
        })?;
        let mut all = Gathered::default();
        for part in parts {
            all.merge(part);
        }
        Ok(Self::new(metadata, ending, all))
    }

    pub(super) fn new(metadata: Metadata, ending: Ending, all: Gathered) -> Self {
        let started = metadata.environment.started;
        let last = all.last.unwrap_or(started);
        Self {
            span: (started.min(all.first.unwrap_or(started)), last.max(started)),
            metadata,
            ending,
            total: all.total,
            processes: all.processes,
            places: all.places,
            files: all.files,
            disks: all.disks,
            cases: all.cases,
            losses: all.losses,
        }
    }

    /// Duration of the trace.
    #[must_use]
    pub fn duration(&self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.span.1.since(self.span.0))
    }

    /// Whether a trace without findings can be called clean: requests were seen, and the counts are
    /// exact.
    #[must_use]
    pub fn is_conclusive(&self) -> bool {
        self.total.total().count != 0 && self.losses.counts_are_exact()
    }
}
