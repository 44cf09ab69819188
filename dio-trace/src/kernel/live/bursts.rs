//! Recognises probing: a burst of attempts of different shape at one offset by one thread. QEMU and
//! systemd make such attempts when they open a file, to find its alignment. These rejections are not a
//! fault of the program.

use crate::{
    hash::{Map, Set},
    model::{DeviceNumber, Flag, Operation, Record, Verdict},
};

/// Number of attempts that make a burst: fewer may be chance.
const ATTEMPTS: usize = 3;
/// Longest time from one attempt to the next, nanoseconds.
const PAUSE: u64 = 100_000_000;

/// Thread, device, inode and offset of an attempt.
type Place = (u32, Option<DeviceNumber>, Option<u64>, u64);

/// Attempts at one place that follow each other.
struct Burst {
    attempts: usize,
    /// Index of the newest attempt; each attempt has the index of the one before it.
    newest: usize,
}

/// Marks the requests of each burst among `records`, which are in order of time for each thread. A
/// burst that is cut by the end of a batch is recognised in each part that is long enough.
pub(in crate::kernel) fn mark(records: &mut [Record]) {
    if !records.iter().any(is_refused) {
        return;
    }
    let mut bursts: Map<Place, Burst> = Map::default();
    let mut before: Vec<usize> = (0..records.len()).collect();
    let mut found = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let Some(place) = place(record) else { continue };
        let burst = bursts.entry(place).or_insert(Burst {
            attempts: 0,
            newest: index,
        });
        before[index] = burst.newest;
        if record.time.since(records[burst.newest].time) > PAUSE {
            found.push(std::mem::replace(
                burst,
                Burst {
                    attempts: 0,
                    newest: index,
                },
            ));
        }
        burst.attempts += 1;
        burst.newest = index;
    }
    found.extend(bursts.into_values());
    found.retain(|burst| burst.attempts >= ATTEMPTS);
    for burst in found {
        let attempts = || {
            std::iter::successors(Some(burst.newest), |&index| Some(before[index]))
                .take(burst.attempts)
        };
        if is_probing(attempts().map(|index| &records[index])) {
            for index in attempts() {
                let flags = &mut records[index].flags;
                *flags = flags.with(Flag::Probing);
            }
        }
    }
}

fn place(record: &Record) -> Option<Place> {
    let request = record.request.as_ref()?;
    let attempt = record.operation == Operation::Read
        && matches!(
            record.verdict,
            Verdict::Rejected | Verdict::Accepted | Verdict::Aligned
        );
    let offset = request.geometry.offset;
    attempt.then_some((request.tid, record.device, record.inode, offset))
}

fn is_refused(record: &Record) -> bool {
    record.verdict == Verdict::Rejected
}

/// Whether no attempt repeats another, and the kernel refused at least one.
fn is_probing<'r>(mut attempts: impl Iterator<Item = &'r Record>) -> bool {
    let mut shapes = Set::default();
    let mut refused = false;
    let differ = attempts.all(|record| {
        refused |= is_refused(record);
        let geometry = record.request.as_ref().map(|request| request.geometry);
        shapes.insert(geometry.map(|one| (one.length, one.address_bits)))
    });
    differ && refused
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Flags, Geometry, Segment, Timestamp},
        source::{EventSource, script::Script},
    };

    /// Reads of these lengths at one offset, a millisecond apart; every second one is rejected.
    fn reads(lengths: &[u64]) -> Vec<Record> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let batch = runtime
            .block_on(Script::night(1).next_batch())
            .unwrap()
            .unwrap();
        let mut records = batch.records.into_iter();
        let template = records.find(|record| record.request.is_some()).unwrap();
        let read = |(number, &length): (usize, &u64)| {
            let mut record = template.clone();
            record.time = Timestamp(number as i64 * 1_000_000);
            record.operation = Operation::Read;
            record.flags = Flags::NONE;
            record.verdict = if number % 2 == 0 {
                Verdict::Rejected
            } else {
                Verdict::Accepted
            };
            let segment = Segment {
                address: 512,
                length,
            };
            record.request.as_mut().unwrap().geometry = Geometry::single(0, segment);
            record
        };
        lengths.iter().enumerate().map(read).collect()
    }

    fn marked(mut records: Vec<Record>) -> usize {
        mark(&mut records);
        let probing = |record: &&Record| record.flags.contains(Flag::Probing);
        records.iter().filter(probing).count()
    }

    #[test]
    fn attempts_of_growing_length_are_probing() {
        assert_eq!(marked(reads(&[1, 512, 1024, 2048, 4096])), 5);
    }

    #[test]
    fn a_program_that_repeats_itself_is_not_probing() {
        assert_eq!(marked(reads(&[512, 1024, 512, 1024])), 0);
        assert_eq!(marked(reads(&[512, 1024])), 0);
    }

    #[test]
    fn attempts_far_apart_are_not_one_burst() {
        let mut records = reads(&[1, 512, 1024]);
        records[2].time = Timestamp(1_000_000_000);
        assert_eq!(marked(records), 0);
    }
}
