//! Tables that cost next to nothing to look into: each key has a few slots of its own choosing in an
//! array, and nearly always lies in the first.
//!
//! A lookup in an array is ten instructions, made in the program itself. A hash map takes two
//! hundred, and five hundred for a row that comes and goes; it stands in where slots cannot be
//! used ([`Settings::slot_bits`](dio_trace_ebpf::abi::settings::Settings::slot_bits)).

use core::mem::offset_of;

use aya_ebpf::maps::{Array, HashMap};
use dio_trace_ebpf::{
    abi::slot::{Group, SLOTS_TRIED, Slot, slot_of},
    verifier::{forget, low_bits},
};

use crate::bpf::base::{
    globals::setting,
    kind::ProgramKind,
    words::{add, exchange, lower_half},
};

/// The slots of tables that lie behind one another in an array.
pub(in crate::bpf) struct Slots<V: 'static>(pub(in crate::bpf) &'static Array<Group<V>>);

/// A table with its two maps, of which only one is in use.
pub(in crate::bpf) struct Table<V: 'static> {
    pub(in crate::bpf) slots: Slots<V>,
    pub(in crate::bpf) hashed: &'static HashMap<u64, V>,
    /// What a row in the hash map starts from.
    pub(in crate::bpf) empty: &'static V,
}

/// The first of the tables in [`Slots`], or the only one.
const FIRST: u32 = 0;

/// What [`elsewhere`] and [`claim_elsewhere`] return when there is none.
const NOWHERE: u64 = u64::MAX;

/// Whether tables consist of slots.
#[inline(always)]
pub(in crate::bpf) fn is_slotted() -> bool {
    setting!(slot_bits) != 0
}

impl<V> Table<V> {
    /// The row of `key`.
    #[inline(always)]
    pub(in crate::bpf) fn find(&self, key: u64) -> Option<*mut V> {
        if is_slotted() {
            self.slots.find(FIRST, key)
        } else {
            self.hashed.get_ptr_mut(key)
        }
    }

    /// The row of `key`, and whether there was one already: a new one may hold anything. `None` where
    /// there is no room.
    #[inline(always)]
    pub(in crate::bpf) fn find_or_claim<P: ProgramKind>(&self, key: u64) -> Option<(*mut V, bool)> {
        if !P::OLD && is_slotted() {
            return self.slots.find_or_claim(FIRST, key);
        }
        if let Some(row) = self.hashed.get_ptr_mut(key) {
            return Some((row, true));
        }
        self.hashed.insert(key, self.empty, 0).ok()?;
        Some((self.hashed.get_ptr_mut(key)?, false))
    }

    /// Gives the `row` of `key` up.
    #[inline(always)]
    pub(in crate::bpf) fn release(&self, key: u64, row: *mut V) {
        if is_slotted() {
            self.slots.release(key, row);
        } else {
            let _ = self.hashed.remove(key);
        }
    }
}

impl<V> Slots<V> {
    /// The row of `key` in this table.
    #[inline(always)]
    pub(in crate::bpf) fn find(&self, table: u32, key: u64) -> Option<*mut V> {
        let (group, home) = self.home(table, key)?;
        let first = slot(group, home);
        // SAFETY: a map value lives on.
        unsafe {
            if (*first).key == key {
                return Some(&raw mut (*first).value);
            }
            if (*first).elsewhere == 0 {
                return None;
            }
        }
        row(group, elsewhere(group, key))
    }

    /// The row of `key` in this table, and whether there was one already: a new one holds what was
    /// left in it. `None` where there is no room.
    #[inline(always)]
    pub(in crate::bpf) fn find_or_claim(&self, table: u32, key: u64) -> Option<(*mut V, bool)> {
        let (group, home) = self.home(table, key)?;
        let first = slot(group, home);
        // SAFETY: a map value lives on.
        unsafe {
            if (*first).key == key {
                return Some((&raw mut (*first).value, true));
            }
            if (*first).elsewhere != 0 {
                let number = elsewhere(group, key);
                if number != NOWHERE {
                    return Some((row(group, number)?, true));
                }
            }
            if exchange(&raw mut (*first).key, 0, key) == 0 {
                (*first).away = 0;
                return Some((&raw mut (*first).value, false));
            }
        }
        let number = claim_elsewhere(group, first, key);
        Some((row(group, number)?, false))
    }

    /// Gives the `row` of `key` in the first table up.
    #[inline(always)]
    fn release(&self, key: u64, row: *mut V) {
        let own = row
            .wrapping_byte_sub(offset_of!(Slot<V>, value))
            .cast::<Slot<V>>();
        // SAFETY: rows lie in slots, which are map values and live on.
        unsafe {
            let away = (*own).away != 0;
            (&raw mut (*own).key).write_volatile(0);
            if away {
                self.return_to_first(key);
            }
        }
    }

    /// A row that was counted as one elsewhere is given up.
    #[inline(never)]
    fn return_to_first(&self, key: u64) {
        if let Some((group, home)) = self.home(FIRST, key) {
            // SAFETY: a map value lives on.
            unsafe { add(&raw mut (*slot(group, home)).elsewhere, u64::MAX) };
        }
    }

    /// The group that `key` lies in, and which of its slots is the first; `None` for 0, which free
    /// slots have.
    #[inline(always)]
    fn home(&self, table: u32, key: u64) -> Option<(*mut Slot<V>, u64)> {
        if key == 0 {
            return None;
        }
        let bits = setting!(slot_bits);
        let home = slot_of(lower_half(key), bits);
        let group = (table << bits | home) / SLOTS_TRIED as u32;
        let group = self.0.get_ptr_mut(group)?;
        Some((group.cast(), u64::from(home)))
    }
}

/// One slot of a group, of whose number only the lower bits count.
#[inline(always)]
fn slot<V>(group: *mut Slot<V>, number: u64) -> *mut Slot<V> {
    const LAST: i32 = SLOTS_TRIED as i32 - 1;
    group.wrapping_add(low_bits::<LAST>(number))
}

#[inline(always)]
fn row<V>(group: *mut Slot<V>, number: u64) -> Option<*mut V> {
    // SAFETY: a map value lives on; only the address of the row is taken.
    (number != NOWHERE).then(|| unsafe { &raw mut (*slot(group, number)).value })
}

/// Number of the slot of `key`, or [`NOWHERE`].
#[inline(never)]
fn elsewhere<V>(group: *mut Slot<V>, key: u64) -> u64 {
    let mut number = NOWHERE;
    for other in 0..SLOTS_TRIED {
        // SAFETY: a map value lives on.
        let found = unsafe { (*group.add(other)).key };
        if found == key {
            number = other as u64;
        }
        number = forget(number, found);
    }
    number
}

/// Takes a slot for `key` and returns its number, or [`NOWHERE`]. `first` is the slot that was taken
/// already.
#[inline(never)]
fn claim_elsewhere<V>(group: *mut Slot<V>, first: *mut Slot<V>, key: u64) -> u64 {
    // SAFETY: a map value lives on. Before the row is there: who looks for it must go on.
    let unknown = unsafe {
        add(&raw mut (*first).elsewhere, 1);
        (*first).elsewhere
    };
    for other in 0..SLOTS_TRIED {
        // SAFETY: as above.
        unsafe {
            let place = group.add(other);
            if exchange(&raw mut (*place).key, 0, key) == 0 {
                // The first one too, should it be free by now: it is counted as one of the others.
                (*place).away = 1;
                return forget(other as u64, unknown);
            }
        }
    }
    // SAFETY: as above.
    unsafe { add(&raw mut (*first).elsewhere, u64::MAX) };
    NOWHERE
}
