//! Examples of probes and of what is none, and how long they are waited for.

mod laws;

use std::sync::LazyLock;

use super::{Bursts, HELD_MOST, PATIENCE};
use crate::{
    model::{
        Flag, Flags, Geometry, Operation, Record, Segment, Timestamp,
        Verdict::{self, Accepted, Aligned, Buffered, Failed, Rejected},
    },
    source::{EventSource, script::Script},
};

const MEMORY: u64 = 0x7f00_0000_2000;
const MILLISECOND: u64 = 1_000_000;

/// One request; times in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Shape {
    thread: u32,
    file: u64,
    write: bool,
    offset: u64,
    /// Bytes of its address after [`MEMORY`].
    after: u64,
    length: u64,
    verdict: Verdict,
    flags: Flags,
    /// From the end of the request before it.
    pause: u64,
    latency: u64,
}

/// A rejected attempt of one thread at one file.
const ATTEMPT: Shape = Shape {
    thread: 1,
    file: 1,
    write: false,
    offset: 0,
    after: 0,
    length: 4096,
    verdict: Rejected,
    flags: Flags::NONE,
    pause: MILLISECOND,
    latency: MILLISECOND,
};

/// An attempt at this many bytes after an aligned address.
const fn at(after: u64, verdict: Verdict) -> Shape {
    Shape {
        after,
        verdict,
        ..ATTEMPT
    }
}

/// An attempt to read this much at the file's start.
const fn of(length: u64, verdict: Verdict) -> Shape {
    Shape {
        length,
        verdict,
        ..ATTEMPT
    }
}

static TEMPLATE: LazyLock<Record> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let batch = runtime.block_on(Script::night(1).next_batch());
    let mut records = batch.unwrap().unwrap().records.into_iter();
    records.find(|record| record.request.is_some()).unwrap()
});

/// The requests in the order in which they end; each is numbered by its `uid`.
fn records(shapes: &[Shape]) -> Vec<Record> {
    let mut clock = 0;
    let one = |(number, shape): (usize, &Shape)| {
        let mut record = TEMPLATE.clone();
        record.uid = number as u32;
        record.time = Timestamp((clock + shape.pause) as i64);
        clock += shape.pause + shape.latency;
        record.inode = Some(shape.file);
        record.operation = match shape.write {
            true => Operation::Write,
            false => Operation::Read,
        };
        record.verdict = shape.verdict;
        record.flags = shape.flags;
        let segment = Segment {
            address: MEMORY + shape.after,
            length: shape.length,
        };
        let request = record.request.as_mut().unwrap();
        request.tid = shape.thread;
        request.latency = shape.latency;
        request.geometry = Geometry::single(shape.offset, segment);
        request.segments = vec![segment];
        record
    };
    shapes.iter().enumerate().map(one).collect()
}

fn end(record: &Record) -> Timestamp {
    Timestamp(record.time.0 + record.request.as_ref().unwrap().latency as i64)
}

/// The requests that come out if batches end before these ones, which are in order.
fn judged(shapes: &[Shape], cuts: &[usize]) -> Vec<Record> {
    let mut rest = records(shapes);
    let mut bursts = Bursts::default();
    let mut out = Vec::new();
    let mut given = 0;
    for &cut in cuts {
        let after = rest.split_off((cut - given).min(rest.len()));
        // As late as it can be known that nothing else ended.
        let seen = after.first().map_or(Timestamp(i64::MAX), end);
        bursts.judge(&mut rest, seen);
        out.append(&mut rest);
        rest = after;
        given = cut;
    }
    bursts.judge(&mut rest, Timestamp(i64::MIN));
    bursts.finish(&mut rest);
    out.append(&mut rest);
    out
}

/// Numbers of the requests that are marked.
fn marked(records: &[Record]) -> Vec<u32> {
    let probing = records
        .iter()
        .filter(|record| record.flags.contains(Flag::Probing));
    let mut numbers: Vec<u32> = probing.map(|record| record.uid).collect();
    numbers.sort_unstable();
    numbers
}

fn marks(shapes: &[Shape]) -> Vec<u32> {
    marked(&judged(shapes, &[]))
}

#[test]
fn one_rejected_attempt_and_a_success_are_a_probe() {
    assert_eq!(marks(&[at(1, Rejected), at(512, Accepted)]), [0, 1]);
    assert_eq!(marks(&[of(1, Rejected), of(512, Aligned)]), [0, 1]);
    assert_eq!(marks(&[of(512, Rejected), of(1024, Buffered)]), [0, 1]);
}

#[test]
fn both_rounds_of_qemu_are_probes() {
    let shapes = [
        of(1, Rejected),
        of(512, Rejected),
        of(1024, Rejected),
        of(2048, Rejected),
        of(4096, Aligned),
        at(1, Rejected),
        at(512, Accepted),
        // Its work.
        of(4096, Aligned),
        of(512, Rejected),
    ];
    assert_eq!(marks(&shapes), [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn attempts_without_success_are_rejections() {
    assert!(marks(&[of(512, Rejected), of(1024, Rejected), of(2048, Rejected)]).is_empty());
    assert!(marks(&[at(1, Rejected), at(512, Failed)]).is_empty());
    assert!(marks(&[at(1, Rejected), at(512, Rejected), of(512, Rejected)]).is_empty());
}

#[test]
fn whatever_else_the_thread_does_with_the_file_ends_a_burst() {
    let elsewhere = Shape {
        offset: 8192,
        verdict: Aligned,
        ..ATTEMPT
    };
    let write = Shape {
        write: true,
        ..elsewhere
    };
    for between in [elsewhere, write] {
        assert!(marks(&[at(1, Rejected), between, at(512, Accepted)]).is_empty());
        let other_file = Shape { file: 2, ..between };
        let other_thread = Shape {
            thread: 2,
            ..between
        };
        for apart in [other_file, other_thread] {
            let shapes = [at(1, Rejected), apart, at(512, Accepted)];
            assert_eq!(marks(&shapes), [0, 2]);
        }
    }
}

#[test]
fn a_write_is_not_an_attempt() {
    let write = |length, verdict| Shape {
        write: true,
        ..of(length, verdict)
    };
    assert!(marks(&[write(512, Rejected), write(4096, Aligned)]).is_empty());
}

#[test]
fn a_burst_ends_within_a_second_of_its_start() {
    let late = Shape {
        pause: PATIENCE,
        ..at(512, Accepted)
    };
    assert!(marks(&[at(1, Rejected), late]).is_empty());
    let slow = Shape {
        latency: PATIENCE,
        ..at(512, Accepted)
    };
    assert!(marks(&[at(1, Rejected), slow]).is_empty());
}

#[test]
fn a_process_that_goes_on_like_that_does_not_probe() {
    let pair = |offset| {
        [(512, Rejected), (4096, Aligned)].map(|(length, verdict)| Shape {
            offset,
            ..of(length, verdict)
        })
    };
    let shapes = [pair(0), pair(4096), pair(8192)].concat();
    assert_eq!(marks(&shapes), [0, 1]);
    // Each by another thread.
    let mut shared = shapes;
    for (thread, pair) in (1..).zip(shared.chunks_mut(2)) {
        pair.iter_mut().for_each(|one| one.thread = thread);
    }
    assert_eq!(marks(&shared), [0, 1]);
    // Of a file that is opened again.
    assert_eq!(marks(&[pair(0), pair(0)].concat()), [0, 1, 2, 3]);
}

#[test]
fn a_success_that_may_damage_data_keeps_its_verdict() {
    let dangerous = Shape {
        flags: Flags::of(&[Flag::Unchecked]),
        ..at(512, Accepted)
    };
    assert_eq!(marks(&[at(1, Rejected), dangerous]), [0]);
}

#[test]
fn an_undecided_burst_waits_a_second_and_no_longer() {
    let mut bursts = Bursts::default();
    let mut batch = records(&[at(1, Rejected)]);
    let begun = batch[0].time;
    let ended = end(&batch[0]);
    bursts.judge(&mut batch, ended);
    assert!(batch.is_empty());
    bursts.judge(&mut batch, Timestamp(begun.0 + PATIENCE as i64));
    assert!(batch.is_empty());
    bursts.judge(&mut batch, Timestamp(begun.0 + PATIENCE as i64 + 1));
    assert_eq!(batch.len(), 1);
    assert!(marked(&batch).is_empty());
}

#[test]
fn a_stop_in_the_middle_of_a_burst_leaves_rejections() {
    let mut bursts = Bursts::default();
    let mut batch = records(&[at(1, Rejected), at(512, Rejected)]);
    bursts.judge(&mut batch, Timestamp(0));
    assert!(batch.is_empty());
    bursts.finish(&mut batch);
    assert_eq!(batch.len(), 2);
    assert!(marked(&batch).is_empty());
}

#[test]
fn there_is_room_for_a_bounded_number() {
    let one = |thread| Shape {
        thread,
        pause: 0,
        latency: 1,
        ..at(1, Rejected)
    };
    let shapes: Vec<Shape> = (0..HELD_MOST as u32 + 10).map(one).collect();
    let mut batch = records(&shapes);
    let mut bursts = Bursts::default();
    bursts.judge(&mut batch, Timestamp(0));
    assert_eq!(batch.len(), 10);
    bursts.finish(&mut batch);
    assert_eq!(batch.len(), shapes.len());
}
