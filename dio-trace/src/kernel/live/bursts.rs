//! Recognises probing: programs that find out what a file asks of direct I/O by trying.
//!
//! Virtual machine monitors read the start of a file when they open it, with one alignment after the
//! other, until the kernel accepts one. QEMU (`raw_probe_alignment` in block/file-posix.c, 5.2 to 10)
//! first tries lengths of 1, 512, 1024, 2048 and 4096 bytes in aligned memory, unless the device or XFS
//! states the block size. Then it reads 4096 bytes into memory 1, 512, 1024, 2048 and 4096 bytes after an
//! aligned address. Up to 4.0 it began at 512. Every answer other than `EINVAL` ends such a round. Cloud
//! Hypervisor (`RawFile::new`) reads 512 bytes at 512, then 4096 bytes at 4096. The rejected attempts are
//! not a fault: the program asks a question, and the rejection is the answer.
//!
//! # Criteria of a probe
//!
//! Reads by one thread of one file,
//!
//! - all of which but the last were rejected, and the last one succeeded; one rejected attempt is enough;
//! - that look for an alignment ([`search`]): only the length changes, or only the address, in powers of
//!   two, all in one direction;
//! - with no other request of that thread to that file in between;
//! - that took no longer than a second together ([`PATIENCE`]).
//!
//! All other rejections are faults, above all attempts none of which succeeds. A success that may damage
//! data (`unchecked`) keeps its verdict, even if it ends a probe.
//!
//! # Retries are not probes
//!
//! A program that is rejected, and reads *the same data* again into aligned memory, has a fault and
//! recovers from it. Three things distinguish it from a probe, whose data is not used:
//!
//! - Its memory: the second address is unrelated to the first. In a probe, both are a power of two after
//!   the same aligned address.
//! - Its first attempt: memory from an allocator is aligned to 8, 16 or 64 bytes, perhaps inside a larger
//!   buffer with an aligned part. A probe begins at 1 byte, or at a block (512 or more).
//! - Its repetition: a process that is rejected again at *another offset* of the file, by whichever thread,
//!   does not look for an alignment, it works like that. A probe of a file that is opened again is at the
//!   same offset.
//!
//! If a retry satisfies the first two, the first one of a process and file is marked, and later ones are
//! not.
//!
//! # Limits
//!
//! Only requests that were captured one by one can be judged. The probes capture the request of a thread
//! to a file that follows a rejected one even if it is aligned (`AFTER_REJECTION`), so that the end of a
//! burst is seen, and what came before it. Whatever exceeds a process's share of details is only counted,
//! and stays rejected.
//!
//! # Across batches
//!
//! A burst may be cut by the end of a batch. Its attempts, and whatever their thread did since, are then
//! held back until it is decided: for [`PATIENCE`] and up to [`HELD_MOST`] requests. The requests of a
//! thread keep their order. A burst that is cut by the end of the trace is not a probe.

mod search;
#[cfg(test)]
mod tests;

use crate::{
    hash::Map,
    kernel::live::bursts::search::{Attempt, anchor, is_search},
    model::{DeviceNumber, Flag, Operation, Record, Timestamp, Verdict},
};

/// Nanoseconds in which all attempts of a burst are made. They take microseconds each, but the
/// successful one takes as long as the disk.
const PATIENCE: u64 = 1_000_000_000;
/// Requests held back at most: 5 MB. If there are more, the oldest are not waited for any longer.
const HELD_MOST: usize = 8_192;
/// Number of processes and files for which the place of their first probe is kept. If there are more, all
/// are forgotten, and the next burst counts as the first.
const ASKED_MOST: usize = 4_096;

/// A thread or a process, and a file that it uses: device and inode.
type Place = (u32, Option<DeviceNumber>, Option<u64>);

/// Marks probes, and holds back what is not decided yet.
#[derive(Debug, Default)]
pub(in crate::kernel) struct Bursts {
    held: Vec<Record>,
    /// Bursts that have not ended. Their indices are those of `held`, or of the records at hand.
    open: Map<Place, Burst>,
    /// Where each process probed a file for the first time ([`anchor`]).
    asked: Map<Place, u64>,
}

/// Rejected attempts that may be the beginning of a probe, as indices, oldest first. Never empty.
#[derive(Debug, Default)]
struct Burst {
    attempts: Vec<usize>,
}

impl Bursts {
    /// Marks the probes among `records`, which are in the order in which they ended for each thread, and
    /// leaves in it what is decided. Everything that ended before `seen` was given by now.
    pub(in crate::kernel) fn judge(&mut self, records: &mut Vec<Record>, seen: Timestamp) {
        if self.open.is_empty() && !records.iter().any(is_rejected) {
            return;
        }
        let known = self.held.len();
        records.splice(..0, self.held.drain(..));
        for index in known..records.len() {
            self.follow(records, index);
        }
        self.hold(records, seen);
    }

    /// Adds what is held back to `records`: a burst that has not ended by now is not a probe.
    pub(in crate::kernel) fn finish(&mut self, records: &mut Vec<Record>) {
        self.open.clear();
        records.append(&mut self.held);
    }

    /// Takes one more request into account.
    fn follow(&mut self, records: &mut [Record], index: usize) {
        let record = &records[index];
        let Some(place) = place(record) else { return };
        let rejected = is_rejected(record);
        let begins = rejected && attempt(record).is_some_and(|one| is_search([one].into_iter()));
        let Some(burst) = self.open.get_mut(&place) else {
            if begins {
                let attempts = vec![index];
                self.open.insert(place, Burst { attempts });
            }
            return;
        };
        if burst.goes_on(records, index) {
            burst.attempts.push(index);
            if rejected {
                return;
            }
            let (_, device, inode) = place;
            let of_process = (records[index].pid, device, inode);
            if is_first(&mut self.asked, of_process, burst.anchor(records)) {
                burst.mark(records);
            }
            self.open.remove(&place);
        } else if begins {
            burst.attempts.clear();
            burst.attempts.push(index);
        } else {
            self.open.remove(&place);
        }
    }

    /// Takes out of `records` what has to wait: the attempts of open bursts, and what their threads did
    /// since.
    fn hold(&mut self, records: &mut Vec<Record>, seen: Timestamp) {
        let oldest = records.len().saturating_sub(HELD_MOST);
        self.open.retain(|_, burst| {
            let first = burst.first();
            first >= oldest && seen.since(records[first].time) <= PATIENCE
        });
        let mut waiting: Map<u32, usize> = Map::default();
        for (&(tid, ..), burst) in &self.open {
            let from = waiting.entry(tid).or_insert(usize::MAX);
            *from = burst.first().min(*from);
        }
        let Some(&start) = waiting.values().min() else {
            return;
        };
        let mut indices = Vec::new();
        let mut next = start..;
        self.held.extend(records.extract_if(start.., |record| {
            let index = next.next();
            let tid = record.request.as_ref().map(|request| request.tid);
            let from = tid.and_then(|tid| waiting.get(&tid).copied());
            let waits = index.zip(from).filter(|(index, from)| index >= from);
            indices.extend(waits.map(|(index, _)| index));
            waits.is_some()
        }));
        for index in self.open.values_mut().flat_map(|burst| &mut burst.attempts) {
            *index = indices.partition_point(|before| before < index);
        }
    }
}

impl Burst {
    fn first(&self) -> usize {
        self.attempts.first().copied().unwrap_or(0)
    }

    /// Whether a request of the same thread and file is its next attempt.
    fn goes_on(&self, records: &[Record], index: usize) -> bool {
        let next = &records[index];
        let begun = records[self.first()].time;
        let latency = next.request.as_ref().map_or(0, |request| request.latency);
        let in_time = next.time.since(begun).saturating_add(latency) <= PATIENCE;
        in_time && attempt(next).is_some_and(|next| is_search(self.shapes(records).chain([next])))
    }

    fn shapes<'r>(&'r self, records: &'r [Record]) -> impl Iterator<Item = Attempt> + Clone + 'r {
        let attempts = self.attempts.iter();
        attempts.filter_map(|&index| attempt(&records[index]))
    }

    fn anchor(&self, records: &[Record]) -> u64 {
        anchor(self.shapes(records))
    }

    fn mark(&self, records: &mut [Record]) {
        for &index in &self.attempts {
            let flags = &mut records[index].flags;
            *flags = flags.with_if(Flag::Probing, !flags.contains(Flag::Unchecked));
        }
    }
}

/// Whether this process did not probe this file at another place before.
fn is_first(asked: &mut Map<Place, u64>, place: Place, anchor: u64) -> bool {
    if asked.len() >= ASKED_MOST {
        asked.clear();
    }
    *asked.entry(place).or_insert(anchor) == anchor
}

/// The thread and the file of a captured request.
fn place(record: &Record) -> Option<Place> {
    let request = record.request.as_ref()?;
    Some((request.tid, record.device, record.inode))
}

/// The shape of what may be an attempt: a read into one piece of memory that was rejected or done.
fn attempt(record: &Record) -> Option<Attempt> {
    let request = record.request.as_ref()?;
    let [segment] = request.segments.as_slice() else {
        return None;
    };
    let asks = record.operation == Operation::Read && record.verdict != Verdict::Failed;
    asks.then_some(Attempt {
        offset: request.geometry.offset,
        address: segment.address,
        length: request.geometry.length,
    })
}

fn is_rejected(record: &Record) -> bool {
    record.verdict == Verdict::Rejected
}
