//! The ring buffer: requests with all details, and files when the probes first meet them.

use std::os::fd::{AsRawFd, RawFd};

use anyhow::{Context, Result};
use aya::maps::{Array, MapData, RingBuf};

use crate::{
    kernel::capture::{
        decode::{Decoder, Event, parse},
        losses,
        maps::Maps,
        stacks::{StackIds, Stacks},
    },
    model::{Batch, LossCause},
};

/// The ring buffer, and the number by which the probes know which files they have to send again.
pub(in crate::kernel) struct Events {
    ring: RingBuf<MapData>,
    files_epoch: Array<MapData, u32>,
    files_epoch_sent: u32,
}

impl Events {
    /// Takes over the maps.
    ///
    /// # Errors
    /// Where the object lacks one.
    pub(in crate::kernel) fn new(maps: &mut Maps<'_>) -> Result<Self> {
        Ok(Self {
            ring: maps.take("EVENTS")?,
            files_epoch: maps.take("FILES_EPOCH")?,
            files_epoch_sent: 0,
        })
    }

    /// Readable when details wait.
    pub(in crate::kernel) fn fd(&self) -> RawFd {
        self.ring.as_raw_fd()
    }

    /// Empties the ring buffer: files go to the decoder, requests to `batch`, or first to `stacks`.
    ///
    /// # Errors
    /// Where the probes cannot be asked to send files again.
    pub(in crate::kernel) fn drain(
        &mut self,
        decoder: &mut Decoder,
        mut stacks: Option<&mut Stacks>,
        batch: &mut Batch,
    ) -> Result<()> {
        decoder.set_clock();
        let mut undecodable = 0;
        while let Some(entry) = self.ring.next() {
            match parse(&entry) {
                Some(Event::File(event)) => decoder.learn(event),
                Some(Event::Request(event)) => match decoder.request(event) {
                    Some(record) => match &mut stacks {
                        None => batch.records.push(record),
                        Some(stacks) => stacks.hold(record, StackIds::of(&event.request)),
                    },
                    None => undecodable += 1,
                },
                None => undecodable += 1,
            }
        }
        losses::add(batch, LossCause::EventUndecodable, undecodable);
        let epoch = decoder.files_epoch();
        if epoch != self.files_epoch_sent {
            self.files_epoch
                .set(0, epoch, 0)
                .context("cannot ask the probes to send all files again")?;
            self.files_epoch_sent = epoch;
        }
        Ok(())
    }
}
