//! Tables that cost next to nothing to look into: each key has a few slots of its own choosing in an
//! array, and nearly always lies in the first.
//!
//! A lookup in an array is ten instructions, made in the program itself. A hash map takes two
//! hundred, and five hundred for a row that comes and goes.
//!
//! Programs on other CPUs, and those that preempt this one, use the same slots. A slot is taken by
//! one exchange of its key, and released by one store. A row that does not lie in its key's home slot is
//! counted there *before* it is made and *after* it is gone, so a lookup that finds the count at 0 is
//! finished.

use core::{mem::offset_of, ptr::NonNull};

use crate::{
    abi::slot::{Group, SLOTS_TRIED, Slot, slot_of},
    field,
    memory::InMap,
    verifier::{lower_half, opaque},
};

/// The first of the tables in [`Slots`], or the only one.
pub const FIRST: u32 = 0;

/// Returned by [`find_displaced`] and [`claim_displaced`] if there is no slot.
const NOWHERE: u64 = u64::MAX;

/// The highest number of a slot in its group.
const LAST: i32 = SLOTS_TRIED as i32 - 1;

/// Tables of equal size that follow upon one another in an array of groups.
pub trait Slots<V> {
    /// Binary logarithm of the number of slots in one table.
    fn bits(&self) -> u32;

    /// The group of this number, where there is one.
    fn group(&self, number: u32) -> Option<InMap<Group<V>>>;

    /// The row of `key` in this table.
    #[inline(always)]
    fn find(&self, table: u32, key: u64) -> Option<InMap<V>> {
        let (group, home) = home(self, table, key)?;
        let first = group.element::<LAST>(home);
        if field!(first, key).read() == key {
            return Some(field!(first, value));
        }
        if field!(first, displaced).read() == 0 {
            return None;
        }
        row(group, find_displaced(group, key))
    }

    /// The row of `key` in this table, and whether there was one already: a new one holds what was
    /// left in it. `None` where there is no room.
    #[inline(always)]
    fn find_or_claim(&self, table: u32, key: u64) -> Option<(InMap<V>, bool)> {
        let (group, home) = home(self, table, key)?;
        let first = group.element::<LAST>(home);
        if field!(first, key).read() == key {
            return Some((field!(first, value), true));
        }
        if field!(first, displaced).read() != 0 {
            let number = find_displaced(group, key);
            if number != NOWHERE {
                return Some((row(group, number)?, true));
            }
        }
        if field!(first, key).exchange(0, key) == 0 {
            field!(first, is_displaced).write(0);
            return Some((field!(first, value), false));
        }
        let number = claim_displaced(group, first, key);
        Some((row(group, number)?, false))
    }

    /// Releases a row of the first table.
    ///
    /// # Safety
    /// `row` must have been found or claimed for `key`, in the first table.
    #[inline(always)]
    unsafe fn release(&self, key: u64, row: InMap<V>) {
        let own = row
            .as_ptr()
            .wrapping_byte_sub(offset_of!(Slot<V>, value))
            .cast::<Slot<V>>();
        // SAFETY: the caller's row lies in a slot.
        let own = unsafe { InMap::new(NonNull::new_unchecked(own)) };
        let is_displaced = field!(own, is_displaced).read() != 0;
        field!(own, key).write(0);
        if is_displaced {
            uncount_displaced(self, key);
        }
    }
}

/// A displaced row of the first table is gone.
#[inline(never)]
fn uncount_displaced<V: 'static, S: Slots<V> + ?Sized>(slots: &S, key: u64) {
    if let Some((group, home)) = home(slots, FIRST, key) {
        field!(group.element::<LAST>(home), displaced).add(u64::MAX);
    }
}

/// The group that `key` lies in, and the number of its home slot; `None` for 0, which free slots have.
#[inline(always)]
fn home<V: 'static, S: Slots<V> + ?Sized>(
    slots: &S,
    table: u32,
    key: u64,
) -> Option<(InMap<Group<V>>, u64)> {
    if key == 0 {
        return None;
    }
    let bits = slots.bits();
    let home = slot_of(lower_half(key), bits);
    let group = slots.group((table << bits | home) / SLOTS_TRIED as u32)?;
    Some((group, u64::from(home)))
}

#[inline(always)]
fn row<V>(group: InMap<Group<V>>, number: u64) -> Option<InMap<V>> {
    (number != NOWHERE).then(|| field!(group.element::<LAST>(number), value))
}

/// Number of the slot of `key`, or [`NOWHERE`].
#[inline(never)]
fn find_displaced<V>(group: InMap<Group<V>>, key: u64) -> u64 {
    let mut number = NOWHERE;
    for (other, slot) in group.elements().enumerate() {
        let found = field!(slot, key).read();
        if found == key {
            number = other as u64;
        }
        number = opaque(number, found);
    }
    number
}

/// Takes a slot for `key` and returns its number, or [`NOWHERE`]. `home` is the slot that was taken
/// already.
#[inline(never)]
fn claim_displaced<V>(group: InMap<Group<V>>, home: InMap<Slot<V>>, key: u64) -> u64 {
    // Before the row is there: a lookup for it must continue.
    let displaced = field!(home, displaced);
    displaced.add(1);
    let unknown = displaced.read();
    for (other, slot) in group.elements().enumerate() {
        if field!(slot, key).exchange(0, key) == 0 {
            // The home slot too, should it be free by now: it is counted as one of the others.
            field!(slot, is_displaced).write(1);
            return opaque(other as u64, unknown);
        }
    }
    displaced.add(u64::MAX);
    NOWHERE
}

#[cfg(test)]
mod tests;
