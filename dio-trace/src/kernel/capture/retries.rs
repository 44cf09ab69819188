//! Requests that wait to be issued again and never will be: userspace finds them in the probes' table.

use std::time::{Duration, Instant};

use anyhow::Result;
use aya::maps::{HashMap, Map, MapData};
use dio_trace_ebpf::{
    abi::{request::state, row::Row, signals},
    field,
};

use crate::{
    kernel::{
        capture::{losses, maps::Maps, plain::Plain, signals::Signals, slots::Slots},
        machine::proc::since_boot,
    },
    model::{Batch, LossCause},
};

/// Nanoseconds after which `io_uring` is not expected to issue a request again: a worker does so at
/// once. If a worker gives one up, only the program learns of it.
const STALE_AFTER: u64 = 1_000_000_000;
/// How often to look for such requests: that takes a walk over all slots, or a system call for each
/// request.
const LOOK_FOR_STALE: Duration = Duration::from_secs(1);

/// The probes' table of requests in flight.
pub(in crate::kernel) struct InFlight {
    /// Mapped into memory only during a look: 5 to 21 MiB.
    slots: Map,
    hashed: HashMap<MapData, u64, Plain<Row>>,
    looked: Instant,
    /// Whether requests may wait to be issued again.
    waiting: bool,
}

impl InFlight {
    /// Takes over the maps.
    ///
    /// # Errors
    /// Where the object lacks one.
    pub(in crate::kernel) fn new(maps: &mut Maps<'_>) -> Result<Self> {
        Ok(Self {
            slots: maps.take("IN_FLIGHT_SLOTS")?,
            hashed: maps.take("IN_FLIGHT")?,
            looked: Instant::now(),
            waiting: false,
        })
    }

    /// Removes stale requests and counts them as lost, if it is time to look for them.
    ///
    /// # Errors
    /// Where a map cannot be read, or the kernel maps no more memory.
    pub(in crate::kernel) fn drain(
        &mut self,
        signals: &mut Signals,
        batch: &mut Batch,
    ) -> Result<()> {
        if self.looked.elapsed() < LOOK_FOR_STALE {
            return Ok(());
        }
        self.looked = Instant::now();
        self.waiting |= signals.is_raised(signals::RETRIES)?;
        if !self.waiting {
            return Ok(());
        }
        signals.clear(signals::RETRIES)?;
        let (stale, waiting) = self.take_stale(since_boot())?;
        self.waiting = waiting;
        losses::add(batch, LossCause::RequestUnfinished, stale);
        Ok(())
    }

    /// Removes requests that have waited too long at `now`, nanoseconds of `CLOCK_BOOTTIME`. Returns their
    /// number, and whether others are still waiting.
    ///
    /// # Errors
    /// Where the kernel maps no more memory.
    fn take_stale(&mut self, now: u64) -> Result<(u64, bool)> {
        let slots = Slots::new(&self.slots)?;
        let mut stale = 0;
        let mut waiting = false;
        let mut is_stale = |state: u32, time: u64| {
            let retry = state & state::RETRY != 0;
            let late = now.saturating_sub(time) > STALE_AFTER;
            waiting |= retry && !late;
            retry && late
        };
        for slot in 0..slots.count() {
            let Some((key, state, time)) = look(&slots, slot) else {
                continue;
            };
            if is_stale(state, time) && free(&slots, slot, key) {
                stale += 1;
            }
        }
        let keys: Vec<u64> = self.hashed.keys().flatten().collect();
        for key in keys {
            // A request that ends meanwhile is no longer there.
            let Ok(Plain(Row { request, .. })) = self.hashed.get(&key, 0) else {
                continue;
            };
            if is_stale(request.state, request.time) && self.hashed.remove(&key).is_ok() {
                stale += 1;
            }
        }
        Ok((stale, waiting))
    }
}

/// Key, state and time of the row in a slot, `None` where there is none.
fn look(slots: &Slots<Row>, index: usize) -> Option<(u64, u32, u64)> {
    let slot = slots.at(index);
    let key = field!(slot, key).read();
    let state = field!(slot, value.request.state).read();
    let time = field!(slot, value.request.time).read();
    (key != 0).then_some((key, state, time))
}

/// Frees a slot, unless its row is no longer that of `key`. If the row was displaced, its home slot still
/// counts it, and the probes search the group for nothing: that only takes them longer.
fn free(slots: &Slots<Row>, index: usize, key: u64) -> bool {
    field!(slots.at(index), key).exchange(key, 0) == key
}
