//! Signals of the probes: dirty flags, so that empty tables are not scanned.

use anyhow::{Context, Result};
use aya::maps::{Array, MapData};

use crate::kernel::capture::maps::Maps;

/// The signals, by the numbers of [`dio_trace_ebpf::abi::signals`].
pub(in crate::kernel) struct Signals(Array<MapData, u32>);

impl Signals {
    /// Takes over the map.
    ///
    /// # Errors
    /// Where the object has none.
    pub(in crate::kernel) fn new(maps: &mut Maps<'_>) -> Result<Self> {
        Ok(Self(maps.take("SIGNALS")?))
    }

    /// Whether the probes have raised a signal since it was last cleared.
    ///
    /// # Errors
    /// Where the map cannot be read.
    pub(in crate::kernel) fn is_raised(&self, signal: u32) -> Result<bool> {
        let raised = self.0.get(&signal, 0);
        Ok(raised.context("cannot read a signal of the probes")? != 0)
    }

    /// Clears a signal. That comes before the look at what it stands for: if it is raised from now on,
    /// the next look will see why.
    ///
    /// # Errors
    /// Where the map cannot be written.
    pub(in crate::kernel) fn clear(&mut self, signal: u32) -> Result<()> {
        self.0
            .set(signal, 0, 0)
            .context("cannot clear a signal of the probes")
    }
}
