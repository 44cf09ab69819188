//! Everything that a summary says, summed up over the rows of a recording.

use std::{
    collections::{BTreeMap, HashMap},
    io::Read,
    sync::Arc,
};

use crate::{
    filter::Filter,
    model::{Flags, Limits, Losses, Operation, Reasons, Record, Timestamp, Verdict},
    recording::{Ending, Metadata, Reader, fold},
    report::{
        gather::{COLUMNS, Gathered, gather},
        stacks::Stacks,
    },
    store::{Tally, Volume},
};

/// Rows of a table that are told apart; what comes later is summed up in one row, so that no
/// recording can take all memory.
pub(super) const CAPACITY: usize = 20_000;

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    /// Name of the thread group leader.
    pub comm: Arc<str>,
    /// Thread group; 0 where it could not be told.
    pub pid: u32,
}

/// A file or raw device.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct File {
    /// Path, where known.
    pub path: Option<Arc<str>>,
    /// Inode number, where the path is not known.
    pub inode: Option<u64>,
    /// Type of its filesystem.
    pub filesystem: Option<Arc<str>>,
    /// Its disk.
    pub disk: Option<Arc<str>>,
}

/// Who does what to which file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Name of the program.
    pub comm: Arc<str>,
    /// The file.
    pub file: File,
}

/// Requests of one program and file that agree in what is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Case {
    /// Whose.
    pub place: Place,
    /// Read or write.
    pub operation: Operation,
    /// What became of them.
    pub verdict: Verdict,
    /// What is misaligned.
    pub reasons: Reasons,
    /// What else is worth knowing.
    pub flags: Flags,
}

impl Case {
    /// Aligned, perhaps at the end of the file or copied: nothing to tell.
    pub(super) fn is_plain(&self) -> bool {
        self.verdict == Verdict::Aligned
            && self.reasons.is_empty()
            && (self.flags.0 & !(Flags::END_OF_FILE.0 | Flags::COPIED.0)) == 0
    }
}

/// How often a [`Case`] happened, and an example of it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Requests.
    pub volume: Volume,
    /// Where in the program they were issued, as far as the recording has call stacks.
    pub stacks: Stacks,
    /// Place of the example in the recording, and the example: the earliest one with details.
    pub(super) example: Option<((u64, usize), Box<Record>)>,
}

impl Seen {
    /// An example: a request with its details where one was kept.
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
    /// Requests on it.
    pub tally: Tally,
    /// Its limits, as in the first row that tells them.
    pub limits: Option<Limits>,
}

/// A whole recording in numbers.
#[derive(Debug)]
pub struct Summary {
    /// What the recording says of itself.
    pub metadata: Metadata,
    /// How it ends.
    pub ending: Ending,
    /// First and last time in it.
    pub span: (Timestamp, Timestamp),
    /// All requests.
    pub total: Tally,
    /// By process.
    pub processes: HashMap<Process, Tally>,
    /// By program and file.
    pub places: HashMap<Place, Tally>,
    /// By file.
    pub files: HashMap<File, Tally>,
    /// By disk; `None` for requests without one.
    pub disks: BTreeMap<Option<Arc<str>>, Disk>,
    /// Everything that is not plainly aligned.
    pub cases: HashMap<Case, Seen>,
    /// What was lost.
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

    /// How long was traced.
    #[must_use]
    pub fn duration(&self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.span.1.since(self.span.0))
    }

    /// Whether "clean" can be said: all requests were counted, up to the end.
    #[must_use]
    pub fn is_conclusive(&self) -> bool {
        self.total.total().count != 0 && self.losses.counts_are_exact()
    }
}
