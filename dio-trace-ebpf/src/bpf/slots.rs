//! Tables that cost next to nothing to look into: each key has a few slots of its own choosing in an
//! array, and nearly always lies in the first.
//!
//! A lookup in an array is ten instructions, made in the program itself. A hash map takes two
//! hundred, and five hundred for a row that comes and goes; it stands in where slots cannot be
//! used ([`Settings::slot_bits`](dio_trace_ebpf::abi::settings::Settings::slot_bits)).

use core::{arch::asm, mem::offset_of};

use aya_ebpf::maps::{Array, HashMap};
use dio_trace_ebpf::{
    abi::slot::{SLOTS_TRIED, Slot, slot_of},
    verifier::forget,
};

use super::{counters::add, globals::setting};

/// A table with its two maps, of which only one is in use.
pub(super) struct Table<V: 'static> {
    pub(super) slots: &'static Array<Slot<V>>,
    pub(super) hashed: &'static HashMap<u64, V>,
    /// What a row in the hash map starts from.
    pub(super) empty: &'static V,
}

/// What [`Table::elsewhere`] and [`Table::claim_anywhere`] return when there is none.
const NOWHERE: u32 = u32::MAX;

#[inline(always)]
fn is_slotted() -> bool {
    setting!(slot_bits) != 0
}

impl<V> Table<V> {
    /// The row of `key`.
    #[inline(always)]
    pub(super) fn find(&self, key: u64) -> Option<*mut V> {
        if !is_slotted() {
            return self.hashed.get_ptr_mut(key);
        }
        // No row has the key 0, which free slots have.
        if key == 0 {
            return None;
        }
        let home = home(key);
        let slot = self.slots.get_ptr_mut(home)?;
        // SAFETY: a map value lives on.
        unsafe {
            if (*slot).key == key {
                return Some(&raw mut (*slot).value);
            }
            if (*slot).elsewhere == 0 {
                return None;
            }
            let slot = self.slots.get_ptr_mut(self.elsewhere(key, home))?;
            Some(&raw mut (*slot).value)
        }
    }

    /// The row of `key`, and whether there was one already: a new one may hold anything. `None` where
    /// there is no room.
    ///
    /// `HASHED`: for kernels that refuse programs with the instruction that takes a slot
    /// (`BPF_CMPXCHG`, from 5.12).
    #[inline(always)]
    pub(super) fn find_or_claim<const HASHED: bool>(&self, key: u64) -> Option<(*mut V, bool)> {
        if HASHED || !is_slotted() {
            if let Some(row) = self.hashed.get_ptr_mut(key) {
                return Some((row, true));
            }
            self.hashed.insert(key, self.empty, 0).ok()?;
            return Some((self.hashed.get_ptr_mut(key)?, false));
        }
        if key == 0 {
            return None;
        }
        let home = home(key);
        let slot = self.slots.get_ptr_mut(home)?;
        // SAFETY: a map value lives on.
        unsafe {
            if (*slot).key == key {
                return Some((&raw mut (*slot).value, true));
            }
            if (*slot).elsewhere == 0 && take(&raw mut (*slot).key, key) == 0 {
                (*slot).away = 0;
                return Some((&raw mut (*slot).value, false));
            }
            let (number, found) = match self.elsewhere(key, home) {
                NOWHERE => (self.claim_anywhere(key, home), false),
                number => (number, true),
            };
            let slot = self.slots.get_ptr_mut(number)?;
            Some((&raw mut (*slot).value, found))
        }
    }

    /// Gives the `row` of `key` up.
    #[inline(always)]
    pub(super) fn release(&self, key: u64, row: *mut V) {
        if !is_slotted() {
            let _ = self.hashed.remove(key);
            return;
        }
        let slot = row
            .wrapping_byte_sub(offset_of!(Slot<V>, value))
            .cast::<Slot<V>>();
        // SAFETY: rows lie in slots, which are map values and live on.
        unsafe {
            let away = (*slot).away != 0;
            (&raw mut (*slot).key).write_volatile(0);
            if away && let Some(first) = self.slots.get_ptr_mut(home(key)) {
                add(&raw mut (*first).elsewhere, u64::MAX);
            }
        }
    }

    /// Number of the slot of `key` where that is not its first. No way out of the loop but its end:
    /// the verifier would go on with the program from each.
    #[inline(never)]
    fn elsewhere(&self, key: u64, home: u32) -> u32 {
        let mut number = NOWHERE;
        for other in 1..SLOTS_TRIED {
            if let Some(slot) = self.slots.get_ptr(home ^ other) {
                // SAFETY: a map value lives on.
                let found = unsafe { (*slot).key };
                if found == key {
                    number = home ^ other;
                }
                number = forget(u64::from(number), found) as u32;
            }
        }
        number
    }

    /// Takes a slot for `key`, the first or else another.
    #[inline(never)]
    fn claim_anywhere(&self, key: u64, home: u32) -> u32 {
        let Some(first) = self.slots.get_ptr_mut(home) else {
            return NOWHERE;
        };
        // SAFETY: a map value lives on. Before the row is there: who looks for it must go on.
        unsafe { add(&raw mut (*first).elsewhere, 1) };
        let mut number = NOWHERE;
        for other in 0..SLOTS_TRIED {
            if number == NOWHERE
                && let Some(slot) = self.slots.get_ptr_mut(home ^ other)
            {
                // SAFETY: as above.
                let found = unsafe { take(&raw mut (*slot).key, key) };
                if found == 0 {
                    // SAFETY: as above.
                    unsafe { (*slot).away = u64::from(other != 0) };
                    number = home ^ other;
                }
                number = forget(u64::from(number), found) as u32;
            }
        }
        if number == NOWHERE || number == home {
            // SAFETY: as above.
            unsafe { add(&raw mut (*first).elsewhere, u64::MAX) };
        }
        number
    }
}

/// The first slot of a key.
#[inline(always)]
fn home(key: u64) -> u32 {
    slot_of(lower_half(key), setting!(slot_bits))
}

/// The verifier lets nobody calculate with a pointer, such as a kiocb is in programs with BTF context,
/// but with a half of it.
#[inline(always)]
fn lower_half(key: u64) -> u32 {
    let half: u64;
    // SAFETY: copies one half of a register.
    unsafe {
        asm!("w0 = w1", in("r1") key, out("r0") half, options(pure, nomem, nostack));
    }
    half as u32
}

/// Writes `key` where there is 0. What was there before.
///
/// # Safety
/// `place` must point into a map value, and be aligned.
#[inline(always)]
unsafe fn take(place: *mut u64, key: u64) -> u64 {
    let before: u64;
    // SAFETY: the caller's word.
    unsafe {
        asm!(
            "r0 = cmpxchg_64({0} + 0, r0, {1})",
            in(reg) place,
            in(reg) key,
            inout("r0") 0_u64 => before,
        );
    }
    before
}
