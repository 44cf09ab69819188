//! Reads a recording with several threads: one reads, the others decode and sum up.

use std::{
    io::Read,
    num::NonZero,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

use arrow_array::RecordBatch;

use crate::recording::reader::{Ending, Reader, Undecoded};

/// Number of batches that may wait between the threads: enough to keep them busy, and little
/// memory.
const WAITING: usize = 8;

/// Names of the wanted columns; decoding others costs time.
pub type Projection<'a> = &'a [&'a str];

/// One batch of rows with the wanted columns.
#[derive(Debug)]
pub struct Part {
    /// Its number in the recording, from 0.
    pub number: u64,
    /// Its rows with the wanted columns.
    pub rows: RecordBatch,
    undecoded: Undecoded,
}

impl Part {
    /// Decodes the same rows with all columns.
    ///
    /// # Errors
    /// Where the batch is damaged.
    pub fn all_columns(&self) -> Result<RecordBatch, String> {
        self.undecoded.decode(None)
    }
}

/// Runs `step` over all batches, on as many threads as there are CPUs and in any order. Each thread
/// starts with an `A::default()`. Returns the results of all threads, and how the recording ends.
///
/// # Errors
/// Where the recording cannot be read, or `step` fails.
pub fn fold<R: Read, A: Default + Send>(
    mut reader: Reader<R>,
    projection: Projection<'_>,
    step: impl Fn(&mut A, &Part) -> Result<(), String> + Sync,
) -> Result<(Vec<A>, Ending), String> {
    let schema = reader.schema();
    let columns: Vec<usize> = projection
        .iter()
        .filter_map(|name| schema.index_of(name).ok())
        .collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let (sender, receiver) = sync_channel(WAITING);
    let receiver = Mutex::new(receiver);
    let damaged = AtomicBool::new(false);
    let (mut outcome, results) = thread::scope(|scope| {
        let work = || work(&receiver, &columns, &step, &damaged);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut number = 0;
        let outcome = loop {
            match reader.next_undecoded() {
                Ok(Some(undecoded)) if !damaged.load(Ordering::Relaxed) => {
                    if sender.send((number, undecoded)).is_err() {
                        break Ok(Ending::Damaged);
                    }
                    number += 1;
                }
                Ok(Some(_)) => break Ok(Ending::Damaged),
                Ok(None) => break Ok(reader.ending().unwrap_or(Ending::Cut)),
                Err(error) => break Err(error),
            }
        };
        drop(sender);
        let results: Vec<_> = workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| Err("a thread failed".to_owned()))
            })
            .collect();
        (outcome, results)
    });
    if damaged.load(Ordering::Relaxed) {
        outcome = outcome.map(|_| Ending::Damaged);
    }
    Ok((results.into_iter().collect::<Result<_, _>>()?, outcome?))
}

fn work<A: Default>(
    receiver: &Mutex<Receiver<(u64, Undecoded)>>,
    columns: &[usize],
    step: &impl Fn(&mut A, &Part) -> Result<(), String>,
    damaged: &AtomicBool,
) -> Result<A, String> {
    let mut sum = A::default();
    loop {
        let next = receiver.lock().map_err(|_| "a thread failed")?.recv();
        let Ok((number, undecoded)) = next else {
            return Ok(sum);
        };
        match undecoded.decode(Some(columns)) {
            Ok(rows) => step(
                &mut sum,
                &Part {
                    number,
                    rows,
                    undecoded,
                },
            )?,
            Err(_) => damaged.store(true, Ordering::Relaxed),
        }
    }
}
