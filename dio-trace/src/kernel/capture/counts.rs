//! The two tables that the probes count requests in: they fill one while the other is emptied.

use anyhow::{Context, Result};
use aya::maps::{Array, MapData, PerCpuHashMap};
use bytemuck::zeroed;
use dio_trace_ebpf::{
    abi::counters::{CounterKey, CounterRow, CounterValue},
    field,
};

use crate::{
    hash::Map,
    kernel::{
        capture::{maps::Maps, plain::Plain, slots::Slots},
        sys::quiesce::wait_for_running_programs,
    },
};

/// Counts by what agrees in each key.
pub(in crate::kernel) type Counts = Map<CounterKey, CounterValue>;

/// The two tables.
pub(in crate::kernel) struct Tables {
    slots: Slots<CounterRow>,
    /// These stand in for the slots where there are none.
    hashed: [PerCpuHashMap<MapData, Plain<CounterKey>, Plain<CounterValue>>; 2],
    /// Number of the table that the probes fill.
    in_use: Array<MapData, u32>,
    /// Rows of each table, as the probes count them.
    rows: Array<MapData, u64>,
    filling: u32,
}

impl Tables {
    /// Takes over the maps.
    ///
    /// # Errors
    /// Where the object lacks one, or the kernel maps no more memory.
    pub(in crate::kernel) fn new(maps: &mut Maps<'_>) -> Result<Self> {
        Ok(Self {
            slots: Slots::new(&maps.take("COUNTER_SLOTS")?)?,
            hashed: [maps.take("COUNTERS_EVEN")?, maps.take("COUNTERS_ODD")?],
            in_use: maps.take("COUNTERS_IN_USE")?,
            rows: maps.take("COUNTER_ROWS")?,
            filling: 0,
        })
    }

    /// Number of the table that the probes fill: 0 or 1.
    pub(in crate::kernel) const fn filling(&self) -> usize {
        self.filling as usize & 1
    }

    /// Lets the probes fill the other table, and waits until none is still using this one. Returns
    /// the number of this one.
    ///
    /// # Errors
    /// Where the map cannot be written.
    pub(in crate::kernel) fn switch(&mut self) -> Result<usize> {
        let full = self.filling();
        self.filling ^= 1;
        self.in_use
            .set(0, self.filling, 0)
            .context("cannot switch the counting tables")?;
        wait_for_running_programs();
        Ok(full)
    }

    /// Drains a table that [`switch`](Self::switch) has left, and returns each key's counts summed over
    /// all CPUs: none is lost or seen twice.
    ///
    /// # Errors
    /// Where a map cannot be read.
    pub(in crate::kernel) fn take(&mut self, table: usize) -> Result<Counts> {
        let mut counts = Counts::default();
        self.take_slots(table, &mut counts);
        let hashed = &mut self.hashed[table & 1];
        let keys: Vec<Plain<CounterKey>> = hashed.keys().flatten().collect();
        for key in keys {
            let values = hashed.get(&key, 0);
            let values = values.context("cannot read a counting table")?;
            add(&mut counts, key.0, sum(values.iter().map(|value| value.0)));
            hashed
                .remove(&key)
                .context("cannot empty a counting table")?;
        }
        self.rows
            .set(table as u32 & 1, 0, 0)
            .context("cannot empty a counting table")?;
        Ok(counts)
    }

    fn take_slots(&self, table: usize, counts: &mut Counts) {
        let each = self.slots.count() / 2;
        for index in (table & 1) * each..(table & 1) * each + each {
            let slot = self.slots.at(index);
            if field!(slot, key).read() == 0 {
                continue;
            }
            let row = field!(slot, value).read();
            slot.write(zeroed());
            add(counts, row.key, row.value);
        }
    }
}

fn add(counts: &mut Counts, key: CounterKey, value: CounterValue) {
    let count = counts.entry(key).or_default();
    *count = sum([*count, value].into_iter());
}

/// All values together.
pub(in crate::kernel) fn sum(values: impl Iterator<Item = CounterValue>) -> CounterValue {
    values.fold(CounterValue::default(), |total, value| CounterValue {
        count: total.count + value.count,
        bytes: total.bytes + value.bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_are_counted_together() {
        let mut counts = Counts::default();
        let key = |pid| CounterKey {
            pid,
            ..CounterKey::default()
        };
        let value = |count, bytes| CounterValue { count, bytes };
        add(&mut counts, key(1), value(2, 4_096));
        add(&mut counts, key(2), value(1, 512));
        add(&mut counts, key(1), value(3, 1_024));
        assert_eq!(counts[&key(1)], value(5, 5_120));
        assert_eq!(counts[&key(2)], value(1, 512));
    }
}
