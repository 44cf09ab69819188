//! Losses: what the probes counted as lost, and what the kernel did not let them see.

use anyhow::{Context, Result};
use aya::maps::{MapData, PerCpuArray};

use crate::{
    kernel::{attach::Probes, capture::maps::Maps},
    model::{Batch, Loss, LossCause},
};

/// Counters, which only grow, and how far they have been reported.
pub(in crate::kernel) struct Losses {
    /// By cause.
    counters: PerCpuArray<MapData, u64>,
    before: Vec<u64>,
    /// Requests whose beginning was not seen.
    unmatched_ends: PerCpuArray<MapData, u64>,
    unmatched_before: u64,
}

impl Losses {
    /// Takes over the maps.
    ///
    /// # Errors
    /// Where the object lacks one.
    pub(in crate::kernel) fn new(maps: &mut Maps<'_>) -> Result<Self> {
        Ok(Self {
            counters: maps.take("LOSSES")?,
            before: vec![0; LossCause::ALL.len()],
            unmatched_ends: maps.take("UNMATCHED_ENDS")?,
            unmatched_before: 0,
        })
    }

    /// Adds the losses since the last call to `batch`.
    ///
    /// # Errors
    /// Where a map cannot be read.
    pub(in crate::kernel) fn drain(
        &mut self,
        probes: &mut Probes,
        batch: &mut Batch,
    ) -> Result<()> {
        for (&cause, before) in LossCause::ALL.iter().zip(&mut self.before) {
            let now = total(&self.counters, cause as u32)?;
            add(batch, cause, since(before, now));
        }
        let now = total(&self.unmatched_ends, 0)?;
        let missed = probes.newly_missed(since(&mut self.unmatched_before, now));
        add(batch, LossCause::ProbeMissed, missed.requests);
        add(batch, LossCause::BioMissed, missed.bios);
        Ok(())
    }
}

/// A counter's sum over all CPUs.
fn total(counters: &PerCpuArray<MapData, u64>, slot: u32) -> Result<u64> {
    let values = counters.get(&slot, 0).context("cannot read a counter")?;
    Ok(values.iter().sum())
}

/// The increase of a counter since `before`, which then becomes `now`.
const fn since(before: &mut u64, now: u64) -> u64 {
    now.wrapping_sub(std::mem::replace(before, now))
}

/// Adds a loss, unless nothing was lost.
pub(in crate::kernel) fn add(batch: &mut Batch, cause: LossCause, count: u64) {
    if count != 0 {
        batch.losses.push(Loss { cause, count });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_losses_are_reported() {
        let (mut batch, mut before) = (Batch::default(), 0);
        for now in [2, 2, 5] {
            add(&mut batch, LossCause::ProbeMissed, since(&mut before, now));
        }
        let loss = |count| Loss {
            cause: LossCause::ProbeMissed,
            count,
        };
        assert_eq!(batch.losses, [loss(2), loss(3)]);
    }
}
