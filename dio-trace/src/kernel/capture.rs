//! Draining: details from the ring buffer, counts from the tables, losses from their counters.

mod cgroups;
mod counts;
mod decode;
mod disks;
mod files;
mod filesystem_devices;
mod names;
mod plain;
mod retries;
mod slots;
mod stacks;

use std::os::fd::{AsRawFd, RawFd};

use anyhow::{Context, Result};
use aya::maps::{Array, HashMap, MapData, PerCpuArray, RingBuf};
use dio_trace_ebpf::abi::{
    counters::{CounterKey, CounterValue, UNATTRIBUTED_SLOTS, Unattributed},
    signals,
};

use crate::{
    kernel::{
        attach::Probes,
        capture::{
            counts::{Tables, sum},
            decode::{Decoder, Event, parse},
            filesystem_devices::FilesystemDevices,
            plain::Plain,
            retries::InFlight,
            stacks::{StackIds, Stacks},
        },
        machine::proc::since_boot,
        sys::quiesce::wait_for_running_programs,
    },
    model::{Batch, Loss, LossCause, Timestamp},
};

/// The live probes and their maps.
pub struct Capture {
    /// Kept for its links: the probes are attached as long as this lives.
    probes: Probes,
    events: RingBuf<MapData>,
    tables: Tables,
    in_use: Array<MapData, u32>,
    rows: Array<MapData, u64>,
    files_epoch: Array<MapData, u32>,
    files_epoch_sent: u32,
    signals: Array<MapData, u32>,
    unattributed: PerCpuArray<MapData, Plain<CounterValue>>,
    losses: PerCpuArray<MapData, u64>,
    unmatched_ends: PerCpuArray<MapData, u64>,
    unmatched_before: u64,
    traced: HashMap<MapData, u32, u32>,
    in_flight: InFlight,
    filesystem_devices: Option<FilesystemDevices>,
    filling: u32,
    /// Whether requests may wait to be issued again.
    retries: bool,
    unattributed_before: Vec<CounterValue>,
    losses_before: Vec<u64>,
    decoder: Decoder,
    stacks: Option<Stacks>,
}

impl Capture {
    /// Takes over attached probes.
    ///
    /// # Errors
    /// Where the object lacks a map: it was not built with this binary.
    pub fn new(mut probes: Probes) -> Result<Self> {
        let tell_devices = probes.tell_devices;
        let ebpf = &mut probes.ebpf;
        let mut take = |name: &'static str| {
            ebpf.take_map(name)
                .with_context(|| format!("the eBPF object has no map {name}"))
        };
        Ok(Self {
            events: take("EVENTS")?.try_into()?,
            tables: Tables::new(
                &take("COUNTER_SLOTS")?,
                [take("COUNTERS_EVEN")?, take("COUNTERS_ODD")?],
            )?,
            in_use: take("COUNTERS_IN_USE")?.try_into()?,
            rows: take("COUNTER_ROWS")?.try_into()?,
            files_epoch: take("FILES_EPOCH")?.try_into()?,
            files_epoch_sent: 0,
            signals: take("SIGNALS")?.try_into()?,
            unattributed: take("UNATTRIBUTED")?.try_into()?,
            losses: take("LOSSES")?.try_into()?,
            unmatched_ends: take("UNMATCHED_ENDS")?.try_into()?,
            unmatched_before: 0,
            traced: take("TRACED_PROCESSES")?.try_into()?,
            in_flight: InFlight::new(take("IN_FLIGHT_SLOTS")?, take("IN_FLIGHT")?)?,
            filesystem_devices: match tell_devices {
                true => Some(FilesystemDevices::new(
                    take("FILESYSTEM_DEVICES")?.try_into()?,
                )),
                false => None,
            },
            filling: 0,
            retries: false,
            unattributed_before: vec![CounterValue::default(); UNATTRIBUTED_SLOTS as usize],
            losses_before: vec![0; LossCause::ALL.len()],
            decoder: Decoder::new(probes.rule_set),
            stacks: None,
            probes,
        })
    }

    /// Reads and names the call stacks of requests, for probes that take them
    /// ([`Options::stacks`](crate::kernel::options::Options::stacks)).
    ///
    /// # Errors
    /// Where the object lacks the map, or the system has no thread left.
    pub fn name_stacks(&mut self) -> Result<()> {
        let map = self.probes.ebpf.take_map("STACKS");
        let map = map.context("the eBPF object has no map STACKS")?;
        self.stacks = Some(Stacks::new(map.try_into()?)?);
        Ok(())
    }

    /// The probes.
    #[must_use]
    pub const fn probes(&self) -> &Probes {
        &self.probes
    }

    /// Readable when details wait.
    #[must_use]
    pub fn event_fd(&self) -> RawFd {
        self.events.as_raw_fd()
    }

    /// Traces this thread group and, from now on, its descendants.
    ///
    /// # Errors
    /// Where the table is full.
    pub fn trace_process(&mut self, pid: u32) -> Result<()> {
        self.traced
            .insert(pid, 1, 0)
            .with_context(|| format!("cannot trace process {pid}"))
    }

    /// Moves waiting details into `batch`, and counts where there are too many to wait for
    /// [`drain`](Self::drain).
    ///
    /// # Errors
    /// Where a map cannot be read.
    pub fn drain_waiting(&mut self, batch: &mut Batch) -> Result<()> {
        self.drain_events(batch)?;
        if self.is_raised(signals::NEARLY_FULL)? {
            self.drain_counters(batch, false)?;
        }
        Ok(())
    }

    fn drain_events(&mut self, batch: &mut Batch) -> Result<()> {
        self.decoder.set_clock();
        let mut undecodable = 0;
        while let Some(entry) = self.events.next() {
            match parse(&entry) {
                Some(Event::File(event)) => self.decoder.learn(event),
                Some(Event::Request(event)) => match self.decoder.request(event) {
                    Some(record) => match &mut self.stacks {
                        None => batch.records.push(record),
                        Some(stacks) => stacks.hold(record, StackIds::of(&event.request)),
                    },
                    None => undecodable += 1,
                },
                None => undecodable += 1,
            }
        }
        if undecodable != 0 {
            batch.losses.push(Loss {
                cause: LossCause::EventUndecodable,
                count: undecodable,
            });
        }
        let epoch = self.decoder.files_epoch();
        if epoch != self.files_epoch_sent {
            self.files_epoch
                .set(0, epoch, 0)
                .context("cannot ask the probes to send all files again")?;
            self.files_epoch_sent = epoch;
        }
        Ok(())
    }

    /// Moves everything seen until now into `batch`, and closes it.
    ///
    /// # Errors
    /// Where a map cannot be read.
    pub fn drain(&mut self, batch: &mut Batch) -> Result<()> {
        self.drain_maps(batch, false)
    }

    /// `last`: also rows for which a probe that is running now has not raised its signal yet.
    fn drain_maps(&mut self, batch: &mut Batch, last: bool) -> Result<()> {
        if let Some(devices) = &mut self.filesystem_devices {
            devices.refresh();
        }
        // Files first: counted rows name them.
        self.drain_events(batch)?;
        self.drain_counters(batch, last)?;
        self.drain_unattributed(batch, last)?;
        self.drain_losses(batch)?;
        self.drain_missed(batch)?;
        self.drain_stale(batch)?;
        if let Some(stacks) = &mut self.stacks {
            stacks.release(batch);
        }
        Ok(())
    }

    /// [`drain`](Self::drain) at the end of a trace: nothing waits for the next time.
    ///
    /// # Errors
    /// Where a map cannot be read.
    pub fn drain_all(&mut self, batch: &mut Batch) -> Result<()> {
        self.drain_maps(batch, true)?;
        if let Some(stacks) = &mut self.stacks {
            stacks.release_all(batch);
        }
        Ok(())
    }

    fn drain_missed(&mut self, batch: &mut Batch) -> Result<()> {
        let unmatched = self.unmatched_ends.get(&0, 0);
        let unmatched: u64 = unmatched.context("cannot read a counter")?.iter().sum();
        let new = unmatched.wrapping_sub(self.unmatched_before);
        self.unmatched_before = unmatched;
        let missed = self.probes.newly_missed(new);
        let causes = [
            (LossCause::ProbeMissed, missed.requests),
            (LossCause::BioMissed, missed.bios),
        ];
        batch.losses.extend(
            causes
                .into_iter()
                .filter(|&(_, count)| count != 0)
                .map(|(cause, count)| Loss { cause, count }),
        );
        Ok(())
    }

    /// Removes requests that wait to be issued again and never will be, and counts them as lost.
    fn drain_stale(&mut self, batch: &mut Batch) -> Result<()> {
        if !self.in_flight.is_time_to_look() {
            return Ok(());
        }
        // Cleared before the look: what is raised from now on is seen by the next one.
        self.retries |= self.is_raised(signals::RETRIES)?;
        if !self.retries {
            return Ok(());
        }
        self.clear(signals::RETRIES)?;
        let (stale, waiting) = self.in_flight.take_stale(since_boot())?;
        self.retries = waiting;
        if stale != 0 {
            batch.losses.push(Loss {
                cause: LossCause::RequestUnfinished,
                count: stale,
            });
        }
        Ok(())
    }

    /// Whether the probes have raised a signal since it was last cleared.
    fn is_raised(&self, slot: u32) -> Result<bool> {
        let signal = self.signals.get(&slot, 0);
        Ok(signal.context("cannot read a signal of the probes")? != 0)
    }

    fn clear(&mut self, slot: u32) -> Result<()> {
        self.signals
            .set(slot, 0, 0)
            .context("cannot clear a signal of the probes")
    }

    /// Lets the probes fill the other table, waits until none is still using this one, and empties it: no
    /// count can be lost or seen twice. A table whose signal is clear is skipped instead of scanning its
    /// thousands of empty slots. A row that was made before its signal was raised is picked up by the
    /// next drain, at the latest by the last one.
    fn drain_counters(&mut self, batch: &mut Batch, last: bool) -> Result<()> {
        let full = self.filling as usize & 1;
        let signal = signals::COUNTERS[full];
        batch.time = Timestamp::now();
        if !last && !self.is_raised(signal)? {
            return Ok(());
        }
        self.filling ^= 1;
        self.in_use
            .set(0, self.filling, 0)
            .context("cannot switch the counting tables")?;
        wait_for_running_programs();
        // No probe fills this table any more, so none can raise its signal again.
        self.clear(signal)?;
        // Rows made just now may name files whose event came after the first look.
        self.drain_events(batch)?;
        for (key, total) in self.tables.take(full)? {
            match self.decoder.counter(batch.time, &key, total) {
                Some(record) => batch.records.push(record),
                None => batch.losses.push(Loss {
                    cause: LossCause::EventUndecodable,
                    count: total.count,
                }),
            }
        }
        self.rows
            .set(full as u32, 0, 0)
            .context("cannot empty a counting table")?;
        self.clear(signals::NEARLY_FULL)
    }

    fn drain_unattributed(&mut self, batch: &mut Batch, last: bool) -> Result<()> {
        if !last && !self.is_raised(signals::UNATTRIBUTED)? {
            return Ok(());
        }
        // Cleared before the look: what is raised from now on is seen by the next one.
        self.clear(signals::UNATTRIBUTED)?;
        for slot in 0..UNATTRIBUTED_SLOTS {
            let values = self
                .unattributed
                .get(&slot, 0)
                .context("cannot read a counter")?;
            let now = sum(values.iter().map(|value| value.0));
            let before = &mut self.unattributed_before[slot as usize];
            let new = CounterValue {
                count: now.count.wrapping_sub(before.count),
                bytes: now.bytes.wrapping_sub(before.bytes),
            };
            *before = now;
            if new.count != 0 {
                let Unattributed {
                    operation,
                    verdict,
                    reasons,
                } = Unattributed::of_slot(slot);
                let key = CounterKey {
                    operation,
                    verdict,
                    reasons,
                    ..CounterKey::default()
                };
                batch
                    .records
                    .extend(self.decoder.counter(batch.time, &key, new));
            }
        }
        Ok(())
    }

    fn drain_losses(&mut self, batch: &mut Batch) -> Result<()> {
        for (&cause, before) in LossCause::ALL.iter().zip(&mut self.losses_before) {
            let values = self
                .losses
                .get(&(cause as u32), 0)
                .context("cannot read a counter")?;
            let now: u64 = values.iter().sum();
            let count = now.wrapping_sub(*before);
            *before = now;
            if count != 0 {
                batch.losses.push(Loss { cause, count });
            }
        }
        Ok(())
    }
}
