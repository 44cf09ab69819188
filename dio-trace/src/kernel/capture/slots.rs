//! Tables of the probes that consist of slots, in the memory that the probes use.

use std::{marker::PhantomData, os::fd::AsFd, ptr::NonNull};

use anyhow::{Context, Result, bail};
use aya::maps::Map;
use bytemuck::AnyBitPattern;
use dio_trace_ebpf::{
    abi::slot::{SLOTS_TRIED, Slot},
    memory::Place,
};
use memmap2::{MmapOptions, MmapRaw};

/// The slots of one map.
pub(in crate::kernel) struct Slots<V: AnyBitPattern> {
    memory: MmapRaw,
    count: usize,
    slot: PhantomData<Slot<V>>,
}

impl<V: AnyBitPattern> Slots<V> {
    /// Maps an array of groups of slots into memory.
    ///
    /// # Errors
    /// Where the map is not an array, or the kernel maps no more memory.
    pub(in crate::kernel) fn new(map: &Map) -> Result<Self> {
        let Map::Array(data) = map else {
            bail!("a table of slots is not an array");
        };
        let count = data.info()?.max_entries() as usize * SLOTS_TRIED;
        let memory = MmapOptions::new()
            .len(count * size_of::<Slot<V>>())
            .map_raw(&data.fd().as_fd())
            .context("cannot map a table of the probes into memory")?;
        Ok(Self {
            memory,
            count,
            slot: PhantomData,
        })
    }

    /// Number of slots.
    pub(in crate::kernel) const fn count(&self) -> usize {
        self.count
    }

    /// A slot by number.
    ///
    /// # Panics
    /// Where there is none of this number.
    pub(in crate::kernel) fn at(&self, index: usize) -> Place<'_, Slot<V>> {
        assert!(index < self.count, "no slot {index} among {}", self.count);
        let first = self.memory.as_mut_ptr().cast::<Slot<V>>();
        // SAFETY: in the mapping, which starts at a page other than 0 and lives as long as `self`.
        unsafe { Place::new(NonNull::new_unchecked(first.add(index))) }
    }
}
