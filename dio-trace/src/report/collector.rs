//! Sums up a trace while it is taken.

use std::sync::Arc;

use crate::{
    findings::{call_site, unit},
    model::{Batch, Environment, Record},
    recording::{Ending, Metadata},
    report::{
        keys::{Case, File, Place, Process, is_plain},
        stacks::Stacks,
        summary::Summary,
        sums::{Gathered, Seen},
    },
    store::{Tally, Volume},
};

/// Takes batches and sums them up.
#[derive(Debug)]
pub struct Collector {
    metadata: Metadata,
    sums: Gathered,
    taken: u64,
}

impl Collector {
    /// A collector for a trace from this environment.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        Self {
            metadata: Metadata::new(environment),
            sums: Gathered::default(),
            taken: 0,
        }
    }

    /// Adds a batch.
    pub fn add(&mut self, batch: &Batch) {
        self.sums.see(Some(batch.time));
        for loss in &batch.losses {
            self.sums.losses.add(*loss);
        }
        for record in &batch.records {
            self.record(record);
            self.taken += 1;
        }
    }

    fn record(&mut self, record: &Record) {
        let place = place(record);
        let mut tally = Tally::default();
        tally.add(record);
        let process = Process {
            comm: record.comm.clone(),
            pid: record.pid,
        };
        self.sums
            .count(&tally, process, place.clone(), || record.limits);
        if is_plain(record.verdict, record.reasons, record.flags) {
            return;
        }
        let frames = record
            .request
            .as_ref()
            .and_then(|request| request.user_stack.as_deref());
        let seen = self.sums.case(Case {
            place,
            operation: record.operation,
            verdict: record.verdict,
            reasons: record.reasons,
            flags: record.flags,
            errno: record.errno().unwrap_or(0),
            cause: record.cause,
            unit: unit(record),
            call_site: frames
                .filter(|_| !record.reasons.is_empty())
                .and_then(call_site)
                .map(Arc::from),
        });
        let has_details = seen.has_details();
        let example = (!has_details).then(|| ((self.taken, 0), Box::new(record.clone())));
        let mut stacks = Stacks::default();
        if let Some(frames) = frames {
            stacks.add(frames.to_vec(), record.count);
        }
        seen.merge(Seen {
            volume: Volume {
                count: record.count,
                bytes: record.bytes,
            },
            stacks,
            example,
            ..Seen::default()
        });
        seen.pids.add(record.pid);
    }

    /// The summary.
    #[must_use]
    pub fn finish(mut self) -> Summary {
        self.sums.recorded_on(self.metadata.environment.rule_set);
        Summary::new(self.metadata, Ending::Finished, self.sums)
    }
}

fn place(record: &Record) -> Place {
    Place {
        comm: record.comm.clone(),
        file: File {
            path: record.path.clone(),
            inode: record.inode,
            filesystem: record.filesystem.clone(),
            disk: record.disk.clone(),
        },
    }
}
