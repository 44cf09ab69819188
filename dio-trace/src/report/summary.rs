//! The summary of a recording: everything that reports say, summed up over its rows.

use std::{
    collections::{BTreeMap, HashMap},
    io::Read,
    sync::Arc,
};

use crate::{
    filter::Filter,
    findings::{Faults, Headline, Tone},
    model::{Losses, Timestamp},
    recording::{Ending, Metadata, Reader, fold},
    report::{
        gather::{COLUMNS, gather},
        keys::{Case, File, Place, Process},
        sums::{Disk, Gathered, Seen},
    },
    store::Tally,
};

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
    /// What is wrong, by program.
    pub faults: Faults,
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
        let mut faults = Faults::default();
        faults.add_total(all.total.total().count);
        for (case, seen) in &all.cases {
            let count = seen.volume.count;
            faults.count(&case.place.comm, case.verdict, case.flags, count);
        }
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
            faults,
            losses: all.losses,
        }
    }

    /// Duration of the trace.
    #[must_use]
    pub fn duration(&self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.span.1.since(self.span.0))
    }

    /// The answer in one sentence, as clear for a clean trace as for one with faults.
    #[must_use]
    pub fn headline(&self) -> Headline {
        let mut headline = Headline::of(&self.faults, self.duration(), &self.losses);
        let ending = match self.ending {
            Ending::Finished => return headline,
            Ending::Cut => {
                "; THE RECORDING ENDED EARLY: its recorder was killed or is still running"
            }
            Ending::Damaged => "; THE RECORDING IS DAMAGED: it was read up to the damage",
        };
        headline.add(Tone::Alarm, ending.to_owned());
        headline
    }

    /// Whether a trace without findings can be called clean: requests were seen, and the counts are
    /// exact.
    #[must_use]
    pub fn is_conclusive(&self) -> bool {
        self.total.total().count != 0 && self.losses.counts_are_exact()
    }
}
