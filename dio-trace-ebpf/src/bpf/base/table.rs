//! A table of rows by key: slots in an array, or a hash map where slots cannot be used
//! ([`Settings::slot_bits`](dio_trace_ebpf::abi::settings::Settings::slot_bits)).

use aya_ebpf::maps::{Array, HashMap};
use dio_trace_ebpf::{
    abi::slot::Group,
    memory::InMap,
    table::{FIRST, Slots},
};

use crate::bpf::base::{globals::setting, kind::ProgramKind, map::Values};

/// Slots in a map.
pub(in crate::bpf) struct MapSlots<V: 'static>(pub(in crate::bpf) &'static Array<Group<V>>);

/// A table with its two maps, of which only one is in use.
pub(in crate::bpf) struct Table<V: 'static> {
    pub(in crate::bpf) slots: MapSlots<V>,
    pub(in crate::bpf) hashed: &'static HashMap<u64, V>,
    /// Initial value of a row in the hash map.
    pub(in crate::bpf) empty: &'static V,
}

/// Whether tables consist of slots.
#[inline(always)]
pub(in crate::bpf) fn is_slotted() -> bool {
    setting!(slot_bits) != 0
}

impl<V> Slots<V> for MapSlots<V> {
    #[inline(always)]
    fn bits(&self) -> u32 {
        setting!(slot_bits)
    }

    #[inline(always)]
    fn group(&self, number: u32) -> Option<InMap<Group<V>>> {
        self.0.value(number)
    }
}

impl<V> Table<V> {
    /// The row of `key`.
    #[inline(always)]
    pub(in crate::bpf) fn find(&self, key: u64) -> Option<InMap<V>> {
        if is_slotted() {
            self.slots.find(FIRST, key)
        } else {
            self.hashed.value(&key)
        }
    }

    /// The row of `key`, and whether there was one already: a new one may hold anything. `None` where
    /// there is no room.
    #[inline(always)]
    pub(in crate::bpf) fn find_or_claim<P: ProgramKind>(
        &self,
        key: u64,
    ) -> Option<(InMap<V>, bool)> {
        if !P::OLD && is_slotted() {
            return self.slots.find_or_claim(FIRST, key);
        }
        if let Some(row) = self.hashed.value(&key) {
            return Some((row, true));
        }
        self.hashed.insert(key, self.empty, 0).ok()?;
        Some((self.hashed.value(&key)?, false))
    }

    /// Gives up a row.
    ///
    /// # Safety
    /// `row` must have been found or claimed for `key`.
    #[inline(always)]
    pub(in crate::bpf) unsafe fn release(&self, key: u64, row: InMap<V>) {
        if is_slotted() {
            // SAFETY: the caller's row.
            unsafe { self.slots.release(key, row) };
        } else {
            let _ = self.hashed.remove(key);
        }
    }
}
