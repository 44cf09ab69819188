//! The tables that the probes count requests in.

use std::collections::HashMap;

use anyhow::{Context, Result};
use aya::maps::{Map, MapData, PerCpuHashMap};
use bytemuck::zeroed;
use dio_trace_ebpf::{
    abi::counters::{CounterKey, CounterRow, CounterValue},
    field,
};

use crate::kernel::capture::{plain::Plain, slots::Slots};

/// The two tables, of which the probes fill one.
pub(in crate::kernel) struct Tables {
    slots: Slots<CounterRow>,
    hashed: [PerCpuHashMap<MapData, Plain<CounterKey>, Plain<CounterValue>>; 2],
}

impl Tables {
    /// Takes over the slots, and the hash maps that stand in where there are none.
    ///
    /// # Errors
    /// Where they are no such maps, or the kernel maps no more memory.
    pub(in crate::kernel) fn new(slots: &Map, [even, odd]: [Map; 2]) -> Result<Self> {
        Ok(Self {
            slots: Slots::new(slots)?,
            hashed: [even.try_into()?, odd.try_into()?],
        })
    }

    /// Empties a table that no program is at work in: what agrees in each key, and how many there were
    /// on all CPUs.
    ///
    /// # Errors
    /// Where a map cannot be read.
    pub(in crate::kernel) fn take(
        &mut self,
        table: usize,
    ) -> Result<HashMap<CounterKey, CounterValue>> {
        let mut counts: HashMap<CounterKey, CounterValue> = HashMap::new();
        self.take_slots(table, &mut counts);
        let hashed = &mut self.hashed[table & 1];
        let keys: Vec<Plain<CounterKey>> = hashed.keys().flatten().collect();
        for key in keys {
            let values = hashed
                .get(&key, 0)
                .context("cannot read a counting table")?;
            counts.insert(key.0, sum(values.iter().map(|value| value.0)));
            hashed
                .remove(&key)
                .context("cannot empty a counting table")?;
        }
        Ok(counts)
    }

    fn take_slots(&self, table: usize, counts: &mut HashMap<CounterKey, CounterValue>) {
        let each = self.slots.count() / 2;
        for index in (table & 1) * each..(table & 1) * each + each {
            let slot = self.slots.at(index);
            if field!(slot, key).read() == 0 {
                continue;
            }
            let row = field!(slot, value).read();
            slot.write(zeroed());
            let count = counts.entry(row.key).or_default();
            *count = sum([*count, row.value].into_iter());
        }
    }
}

/// All of them together.
pub(in crate::kernel) fn sum(values: impl Iterator<Item = CounterValue>) -> CounterValue {
    values.fold(CounterValue::default(), |total, value| CounterValue {
        count: total.count + value.count,
        bytes: total.bytes + value.bytes,
    })
}
