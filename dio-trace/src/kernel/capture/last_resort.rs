//! The last-resort counters: requests that found no row in the counting tables, by operation, verdict
//! and reasons alone.

use anyhow::{Context, Result};
use aya::maps::{MapData, PerCpuArray};
use dio_trace_ebpf::abi::counters::{CounterKey, CounterValue, UNATTRIBUTED_SLOTS, Unattributed};

use crate::kernel::capture::{counts::sum, maps::Maps, plain::Plain};

/// The counters, which only grow, and how far they have been reported.
pub(in crate::kernel) struct LastResort {
    counters: PerCpuArray<MapData, Plain<CounterValue>>,
    before: Vec<CounterValue>,
}

impl LastResort {
    /// Takes over the map.
    ///
    /// # Errors
    /// Where the object has none.
    pub(in crate::kernel) fn new(maps: &mut Maps<'_>) -> Result<Self> {
        Ok(Self {
            counters: maps.take("UNATTRIBUTED")?,
            before: vec![CounterValue::default(); UNATTRIBUTED_SLOTS as usize],
        })
    }

    /// The requests counted since the last call.
    ///
    /// # Errors
    /// Where the map cannot be read.
    pub(in crate::kernel) fn take(&mut self) -> Result<Vec<(CounterKey, CounterValue)>> {
        let mut counts = Vec::new();
        for (slot, before) in (0..UNATTRIBUTED_SLOTS).zip(&mut self.before) {
            let values = self.counters.get(&slot, 0);
            let values = values.context("cannot read a counter")?;
            let new = since(before, sum(values.iter().map(|value| value.0)));
            if new.count != 0 {
                counts.push((key(slot), new));
            }
        }
        Ok(counts)
    }
}

/// The increase of a counter since `before`, which then becomes `now`.
fn since(before: &mut CounterValue, now: CounterValue) -> CounterValue {
    let before = std::mem::replace(before, now);
    CounterValue {
        count: now.count.wrapping_sub(before.count),
        bytes: now.bytes.wrapping_sub(before.bytes),
    }
}

fn key(slot: u32) -> CounterKey {
    let Unattributed {
        operation,
        verdict,
        reasons,
    } = Unattributed::of_slot(slot);
    CounterKey {
        operation,
        verdict,
        reasons,
        ..CounterKey::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_reported_once() {
        let value = |count, bytes| CounterValue { count, bytes };
        let mut before = CounterValue::default();
        assert_eq!(since(&mut before, value(3, 1_536)), value(3, 1_536));
        assert_eq!(since(&mut before, value(3, 1_536)), value(0, 0));
        assert_eq!(since(&mut before, value(4, 2_048)), value(1, 512));
    }
}
