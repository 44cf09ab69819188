//! Draining, in the one order in which nothing is lost or seen twice: files and details from the ring
//! buffer, then counts, which name files, then losses.

mod cgroups;
mod counts;
mod decode;
mod disks;
mod events;
mod files;
mod filesystem_devices;
mod last_resort;
mod losses;
mod maps;
mod names;
mod plain;
mod retries;
mod signals;
mod slots;
mod stacks;

use std::os::fd::RawFd;

use anyhow::{Context, Result};
use aya::maps::{HashMap, MapData};
use dio_trace_ebpf::abi::{
    counters::{CounterKey, CounterValue},
    signals::{COUNTERS, NEARLY_FULL, UNATTRIBUTED},
};

use crate::{
    kernel::{
        attach::Probes,
        capture::{
            counts::Tables, decode::Decoder, events::Events, filesystem_devices::FilesystemDevices,
            last_resort::LastResort, losses::Losses, maps::Maps, retries::InFlight,
            signals::Signals, stacks::Stacks,
        },
    },
    model::{Batch, LossCause, Timestamp},
};

/// The live probes and their maps.
pub struct Capture {
    /// Kept for its links: the probes are attached as long as this lives.
    probes: Probes,
    events: Events,
    tables: Tables,
    last_resort: LastResort,
    losses: Losses,
    in_flight: InFlight,
    signals: Signals,
    traced: HashMap<MapData, u32, u32>,
    filesystem_devices: Option<FilesystemDevices>,
    decoder: Decoder,
    stacks: Option<Stacks>,
}

impl Capture {
    /// Takes over attached probes.
    ///
    /// # Errors
    /// Where the object lacks a map: it was not built with this binary.
    pub fn new(mut probes: Probes) -> Result<Self> {
        let needs_devices = probes.tell_devices;
        let mut maps = Maps(&mut probes.ebpf);
        let devices = needs_devices.then(|| maps.take("FILESYSTEM_DEVICES"));
        Ok(Self {
            events: Events::new(&mut maps)?,
            tables: Tables::new(&mut maps)?,
            last_resort: LastResort::new(&mut maps)?,
            losses: Losses::new(&mut maps)?,
            in_flight: InFlight::new(&mut maps)?,
            signals: Signals::new(&mut maps)?,
            traced: maps.take("TRACED_PROCESSES")?,
            filesystem_devices: devices.transpose()?.map(FilesystemDevices::new),
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
        let map = Maps(&mut self.probes.ebpf).take("STACKS")?;
        self.stacks = Some(Stacks::new(map)?);
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
        self.events.fd()
    }

    /// Submission of the oldest request that waits for the names of its stacks.
    #[must_use]
    pub fn oldest_held(&self) -> Option<Timestamp> {
        self.stacks.as_ref().and_then(Stacks::oldest)
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
        if self.signals.is_raised(NEARLY_FULL)? {
            self.drain_counts(batch, false)?;
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

    /// `last`: also rows for which a probe that is running now has not raised its signal yet.
    fn drain_maps(&mut self, batch: &mut Batch, last: bool) -> Result<()> {
        if let Some(devices) = &mut self.filesystem_devices {
            devices.refresh();
        }
        // Files first: counted rows name them.
        self.drain_events(batch)?;
        self.drain_counts(batch, last)?;
        self.drain_last_resort(batch, last)?;
        self.losses.drain(&mut self.probes, batch)?;
        self.in_flight.drain(&mut self.signals, batch)?;
        if let Some(stacks) = &mut self.stacks {
            stacks.release(batch);
        }
        Ok(())
    }

    fn drain_events(&mut self, batch: &mut Batch) -> Result<()> {
        self.events
            .drain(&mut self.decoder, self.stacks.as_mut(), batch)
    }

    /// Empties the counting table that the probes fill. A table whose signal is clear is skipped
    /// instead of scanning its thousands of empty slots. A row that was made before its signal was
    /// raised is picked up by the next drain, at the latest by the last one.
    fn drain_counts(&mut self, batch: &mut Batch, last: bool) -> Result<()> {
        let signal = COUNTERS[self.tables.filling()];
        batch.time = Timestamp::now();
        if !last && !self.signals.is_raised(signal)? {
            return Ok(());
        }
        let full = self.tables.switch()?;
        // No probe fills this table any more, so none can raise its signal again.
        self.signals.clear(signal)?;
        // Rows made just now may name files whose event came after the first look.
        self.drain_events(batch)?;
        let counts = self.tables.take(full)?;
        self.add(batch, counts);
        self.signals.clear(NEARLY_FULL)
    }

    fn drain_last_resort(&mut self, batch: &mut Batch, last: bool) -> Result<()> {
        if !last && !self.signals.is_raised(UNATTRIBUTED)? {
            return Ok(());
        }
        self.signals.clear(UNATTRIBUTED)?;
        let counts = self.last_resort.take()?;
        self.add(batch, counts);
        Ok(())
    }

    /// Adds counted requests as records, or as losses where they cannot be decoded.
    fn add(
        &mut self,
        batch: &mut Batch,
        counts: impl IntoIterator<Item = (CounterKey, CounterValue)>,
    ) {
        for (key, total) in counts {
            match self.decoder.counter(batch.time, &key, total) {
                Some(record) => batch.records.push(record),
                None => losses::add(batch, LossCause::EventUndecodable, total.count),
            }
        }
    }
}
