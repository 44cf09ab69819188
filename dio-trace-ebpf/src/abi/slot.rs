//! Slots of the probes' tables, which userspace reads in place.

use bytemuck::AnyBitPattern;

/// A slot: room for one row.
#[derive(Clone, Copy, Debug, AnyBitPattern)]
#[repr(C)]
pub struct Slot<V> {
    /// Key of its row, 0 where it is free.
    pub key: u64,
    /// Number of rows whose home is this slot but that were displaced to another slot of the group.
    pub displaced: u64,
    /// 1: its row is counted in `displaced` of the home slot of its key.
    pub is_displaced: u64,
    /// The row.
    pub value: V,
}

/// Number of slots that a row may lie in. With a quarter of all slots taken, one row in a million finds
/// none.
pub const SLOTS_TRIED: usize = 16;

/// The slots that the rows of some keys may lie in.
pub type Group<V> = [Slot<V>; SLOTS_TRIED];

/// Binary logarithms of the fewest and the most slots of a table: 5 and 21 MiB of requests in flight.
pub const SLOT_BITS: core::ops::RangeInclusive<u32> = 13..=15;

/// Rows of a table where slots cannot be used: sixteen deep queues of 1,024.
pub const ROWS: u32 = 16_384;

/// Home slot, among `1 << bits`, of a key with this lower half. Addresses on kernel stacks have their
/// lower bits in common, and addresses of slab objects their upper ones: the product depends on all of
/// them (Knuth's multiplicative hashing).
#[must_use]
#[inline(always)]
pub const fn slot_of(lower_half: u32, bits: u32) -> u32 {
    lower_half.wrapping_mul(0x9e37_79b9) >> (32 - bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_one_of_them() {
        for key in [0, 1, u32::MAX, 0x8000_0000] {
            assert!(slot_of(key, 13) < 1 << 13);
        }
    }

    #[test]
    fn stacks_and_threads_spread() {
        // 16 KiB stacks that lie side by side, and processes of one thread each.
        let stacks = |number| 0x0001_3d88 + number * 0x4000;
        let threads = |number| 4_000 + number;
        // At random, 1,000 keys would take 887 of 4,096 slots.
        assert!(taken(stacks) > 800);
        assert!(taken(threads) > 800);
    }

    /// Slots of 4,096 that 1,000 keys take.
    fn taken(key: impl Fn(u32) -> u32) -> usize {
        let mut taken = [false; 4_096];
        for number in 0..1_000 {
            taken[slot_of(key(number), 12) as usize] = true;
        }
        taken.into_iter().filter(|&slot| slot).count()
    }
}
