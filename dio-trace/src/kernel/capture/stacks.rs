//! Call stacks: from the ids that the probes send to names.
//!
//! A request whose stacks have no names yet is held back until they have: names are looked up on a
//! thread of their own, so that a large symbol table does not keep the ring buffer from being
//! drained.

mod frame;
mod ids;
mod kernel_names;
mod nameless;
mod namer;
mod process;
mod user_names;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use aya::maps::{MapData, StackTraceMap};
use dio_trace_ebpf::abi::request::Request as InFlight;

use crate::{
    hash::Set,
    kernel::capture::stacks::{
        frame::addresses,
        ids::Ids,
        namer::{Key, Namer, Space},
        process::Process,
    },
    model::{Batch, Loss, LossCause, Record, Timestamp},
};

/// Time for which a request is held back for names; after it, stacks are shown as addresses. Reading
/// the kernel's symbols for the first time takes a second on a slow machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most requests that are held back: more than one process sends in that time at the usual rate of
/// details.
const CAPACITY: usize = 16_384;

/// The stack ids of one request.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct StackIds {
    user: i32,
    kernel: i32,
    /// Submission, nanoseconds of `CLOCK_BOOTTIME`.
    time: u64,
}

impl StackIds {
    /// The ids that a request holds.
    pub(in crate::kernel) const fn of(request: &InFlight) -> Self {
        Self {
            user: request.user_stack,
            kernel: request.kernel_stack,
            time: request.time,
        }
    }
}

/// A request that waits for names.
struct Held {
    record: Record,
    user: Option<Key>,
    kernel: Option<Key>,
    since: Instant,
}

/// Reads, names and frees the call stacks that the probes take.
pub(in crate::kernel) struct Stacks {
    ids: Ids,
    namer: Namer,
    held: Vec<Held>,
    lost: u64,
}

impl Stacks {
    /// Takes over the probes' map of stacks.
    pub(in crate::kernel) fn new(map: StackTraceMap<MapData>) -> Result<Self> {
        Ok(Self {
            ids: Ids::new(map),
            namer: Namer::start()?,
            held: Vec::new(),
            lost: 0,
        })
    }

    /// Holds a request back until [`release`](Self::release) finds the names of its stacks.
    pub(in crate::kernel) fn hold(&mut self, record: Record, ids: StackIds) {
        let process = Space::Process(Process {
            pid: record.pid,
            comm: Arc::clone(&record.comm),
            seen: ids.time,
        });
        let held = Held {
            user: self.key(process, ids.user, ids.time),
            kernel: self.key(Space::Kernel, ids.kernel, ids.time),
            record,
            since: Instant::now(),
        };
        for key in held.user.iter().chain(&held.kernel) {
            self.namer.ask(key);
        }
        self.held.push(held);
    }

    fn key(&mut self, space: Space, id: i32, time: u64) -> Option<Key> {
        // Negative: there is none, and the probe has counted why.
        let id = u32::try_from(id).ok()?;
        match self.ids.frames(id, time) {
            Some(frames) if frames.is_empty() => None,
            Some(frames) => Some(Key { space, frames }),
            None => {
                self.lost += 1;
                None
            }
        }
    }

    /// Submission of the oldest request that is held back.
    pub(in crate::kernel) fn oldest(&self) -> Option<Timestamp> {
        self.held.iter().map(|held| held.record.time).min()
    }

    /// Moves the requests whose stacks have names into `batch`, and others once their time is over.
    pub(in crate::kernel) fn release(&mut self, batch: &mut Batch) {
        self.namer.listen();
        self.move_ready(batch, PATIENCE);
        if self.lost != 0 {
            batch.losses.push(Loss {
                cause: LossCause::StackUnavailable,
                count: std::mem::take(&mut self.lost),
            });
        }
        let collided = batch
            .losses
            .iter()
            .any(|loss| loss.cause == LossCause::StackUnavailable);
        self.ids.free(collided);
    }

    /// [`release`](Self::release) at the end of a trace: waits for the names of all that is held back.
    pub(in crate::kernel) fn release_all(&mut self, batch: &mut Batch) {
        let end = Instant::now() + PATIENCE;
        self.release(batch);
        while !self.held.is_empty() && self.namer.wait(end) {
            self.move_ready(batch, PATIENCE);
        }
        self.move_ready(batch, Duration::ZERO);
    }

    fn move_ready(&mut self, batch: &mut Batch, patience: Duration) {
        let surplus = self.held.len().saturating_sub(CAPACITY);
        let namer = &self.namer;
        let mut number = 0;
        // Threads with a request that stays: those after it stay as well, to keep their order.
        let mut stay = Set::default();
        let ready = self.held.extract_if(.., |held| {
            number += 1;
            let give_up = number <= surplus || held.since.elapsed() >= patience;
            let tid = held.record.request.as_ref().map(|request| request.tid);
            if stay.contains(&tid) {
                return false;
            }
            let (Some(user), Some(kernel)) = (
                names(namer, held.user.as_ref(), give_up),
                names(namer, held.kernel.as_ref(), give_up),
            ) else {
                stay.insert(tid);
                return false;
            };
            if let Some(request) = &mut held.record.request {
                request.user_stack = user;
                request.kernel_stack = kernel;
            }
            true
        });
        batch.records.extend(ready.map(|held| held.record));
    }
}

/// Names of a stack, where they are known by now: `Some(None)` where there is no stack.
#[expect(
    clippy::option_option,
    reason = "not yet, and not at all, are two things"
)]
fn names(namer: &Namer, key: Option<&Key>, give_up: bool) -> Option<Option<Vec<Arc<str>>>> {
    let Some(key) = key else { return Some(None) };
    match namer.names(key) {
        Some(names) => Some(Some(names.to_vec())),
        None if give_up => Some(Some(addresses(&key.frames).to_vec())),
        None => None,
    }
}
