//! The summary of a recording: everything that reports say, summed up over its rows.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    sync::Arc,
};

use crate::{
    filter::Filter,
    findings::{Faults, Headline, Tone},
    hash::Map,
    model::{Losses, Timestamp},
    recording::{Ending, Metadata, Reader, fold},
    report::{
        gather::{COLUMNS, gather},
        keys::{Case, File, Place, Process},
        sums::{Disk, Gathered, Seen},
    },
    store::Tally,
};

/// A summary of a whole recording, or of several.
#[derive(Debug)]
pub struct Summary {
    /// Metadata of the recording, or of the first one.
    pub metadata: Metadata,
    /// Number of recordings.
    pub recordings: u64,
    /// The hosts on which they were taken.
    pub hosts: BTreeSet<String>,
    /// The end of the recording; of several, the worst.
    pub ending: Ending,
    /// First and last time in it.
    pub span: (Timestamp, Timestamp),
    /// All requests.
    pub total: Tally,
    /// Requests by process.
    pub processes: Map<Process, Tally>,
    /// Requests by program and file.
    pub places: Map<Place, Tally>,
    /// Requests by file.
    pub files: Map<File, Tally>,
    /// Requests by disk; `None` for requests without one.
    pub disks: BTreeMap<Option<Arc<str>>, Disk>,
    /// All requests that are not plainly aligned.
    pub cases: Map<Case, Seen>,
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
        Self::of_all([Ok(reader)], filter)
    }

    /// Sums up several recordings, one after the other.
    ///
    /// # Errors
    /// Where one of them cannot be read, or there is none.
    pub fn of_all<R: Read>(
        readers: impl IntoIterator<Item = Result<Reader<R>, String>>,
        filter: &Filter,
    ) -> Result<Self, String> {
        let mut all = Gathered::default();
        let mut first = None;
        let (mut recordings, mut hosts) = (0, BTreeSet::new());
        let mut worst = Ending::Finished;
        for reader in readers {
            let reader = reader?;
            let metadata = reader.metadata().clone();
            let (parts, ending) = fold(reader, &COLUMNS, |sum: &mut Gathered, part| {
                gather(sum, part, filter)
            })?;
            for mut part in parts {
                part.recorded_on(metadata.environment.rule_set);
                all.merge(part);
            }
            // A recording without requests has a time as well.
            all.see(Some(metadata.environment.started));
            recordings += 1;
            hosts.insert(metadata.environment.host.clone());
            worst = worst.max(ending);
            first.get_or_insert(metadata);
        }
        let metadata = first.ok_or("there is no recording")?;
        Ok(Self {
            recordings,
            hosts,
            ..Self::new(metadata, worst, all)
        })
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
            recordings: 1,
            hosts: BTreeSet::from([metadata.environment.host.clone()]),
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
