//! The running kernel as a source of batches.

mod bursts;
mod environment;
mod probe_log;

use std::{
    os::fd::{BorrowedFd, OwnedFd},
    time::Duration,
};

use anyhow::Result;
use tokio::{
    io::{Interest, unix::AsyncFd},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

use crate::{
    kernel::{
        attach::Probes,
        capture::Capture,
        live::{bursts::Bursts, environment::environment, probe_log::ProbeLog},
        options::Options,
    },
    model::{Batch, Environment, Timestamp},
    source::EventSource,
};

/// Interval in which batches are closed.
const TICK: Duration = Duration::from_millis(250);

/// Largest number of records for which memory is reserved in advance: 2 MB.
const EXPECTED_MOST: usize = 4_096;

/// Attached probes, drained at each tick and whenever details wait.
pub struct Live {
    capture: Capture,
    environment: Environment,
    waiting: AsyncFd<OwnedFd>,
    tick: Interval,
    open: Batch,
    bursts: Bursts,
    log: Option<ProbeLog>,
}

impl Live {
    /// Takes over probes that were attached with these options. Must be called inside a tokio
    /// runtime. Needs no more rights than [`keep_only`](super::keep_only) leaves.
    ///
    /// # Errors
    /// Where the probes' maps cannot be used, or the system has no thread left.
    pub fn start(mut probes: Probes, options: &Options) -> Result<Self> {
        let log = options.log.then(|| ProbeLog::open(&mut probes.ebpf));
        let mut capture = Capture::new(probes)?;
        for &process in &options.processes {
            capture.trace_process(process)?;
        }
        if options.stacks {
            capture.name_stacks()?;
        }
        let environment = environment(capture.probes());
        return_unused_memory();
        // SAFETY: the ring buffer is open as long as `capture` lives.
        let events = unsafe { BorrowedFd::borrow_raw(capture.event_fd()) };
        // SAFETY: `AsyncFd` owns this descriptor, and nothing replaces or closes it.
        let waiting = unsafe {
            AsyncFd::register_with_interest(events.try_clone_to_owned()?, Interest::READABLE)?
        };
        let mut tick = interval_at(Instant::now() + TICK, TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            capture,
            environment,
            waiting,
            tick,
            open: Batch::default(),
            bursts: Bursts::default(),
            log: log.transpose()?,
        })
    }

    /// The description of this source, to be completed with what only the command line knows.
    pub const fn environment_mut(&mut self) -> &mut Environment {
        &mut self.environment
    }

    /// Traces this thread group and, from now on, its descendants.
    ///
    /// # Errors
    /// Where the table is full.
    pub fn trace_process(&mut self, pid: u32) -> Result<()> {
        self.capture.trace_process(pid)
    }

    /// Closes the last batch: everything seen until now. May wait some seconds for the names of call
    /// stacks.
    ///
    /// # Errors
    /// Where a map cannot be read.
    pub fn drain(&mut self) -> Result<Batch> {
        if let Some(log) = &mut self.log {
            log.flush();
        }
        self.capture.drain_all(&mut self.open)?;
        let mut last = self.close(Timestamp::now());
        self.bursts.finish(&mut last.records);
        Ok(last)
    }

    /// Closes a batch that has everything that ended before `seen`, save what is held back.
    fn close(&mut self, seen: Timestamp) -> Batch {
        let seen = self
            .capture
            .oldest_held()
            .map_or(seen, |held| held.min(seen));
        self.bursts.judge(&mut self.open.records, seen);
        // A list that grows while it is filled is copied again and again.
        let expected = self.open.records.len().min(EXPECTED_MOST);
        let next = Batch {
            records: Vec::with_capacity(expected),
            ..Batch::default()
        };
        std::mem::replace(&mut self.open, next)
    }
}

impl EventSource for Live {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    async fn next_batch(&mut self) -> Result<Option<Batch>> {
        loop {
            tokio::select! {
                _ = self.tick.tick() => {
                    let seen = Timestamp::now();
                    self.capture.drain(&mut self.open)?;
                    return Ok(Some(self.close(seen)));
                }
                ready = self.waiting.readable() => {
                    ready?.clear_ready();
                    self.capture.drain_waiting(&mut self.open)?;
                }
                printed = follow(self.log.as_mut()) => printed?,
            }
        }
    }
}

/// Prints the probes' messages, if they are to be printed.
async fn follow(log: Option<&mut ProbeLog>) -> Result<()> {
    match log {
        Some(log) => log.follow().await,
        None => std::future::pending().await,
    }
}

/// Returns the memory that attaching needed to the system: glibc keeps freed memory, here some 20 MiB of
/// the kernel's type information.
fn return_unused_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointers; other threads may allocate meanwhile.
    unsafe {
        libc::malloc_trim(0);
    }
}
