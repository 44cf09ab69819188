//! The last minute of one cell, in slots of a few seconds.

use crate::{
    model::Timestamp,
    store::{
        Volume,
        bounds::{SLOT_SECONDS, SLOTS},
        tally::Worst,
    },
};

const SLOT_NANOSECONDS: i64 = SLOT_SECONDS * 1_000_000_000;

/// Value for "no alignment seen" in a slot: one more than the cap of 2^16.
const NONE_SEEN: u8 = 17;

#[derive(Clone, Copy, Debug)]
struct Slot {
    volume: Volume,
    /// Smallest memory, length and offset alignment, as exponents of two.
    worst: [u8; 3],
}

impl Slot {
    const EMPTY: Self = Self {
        volume: Volume { count: 0, bytes: 0 },
        worst: [NONE_SEEN; 3],
    };
}

/// A ring of slots; the newest is the one at `number`.
#[derive(Clone, Debug)]
pub(super) struct Window {
    slots: [Slot; SLOTS],
    /// Number of the newest slot since the epoch.
    number: i64,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            slots: [Slot::EMPTY; SLOTS],
            number: 0,
        }
    }
}

/// Number of the slot that contains `time`.
const fn slot_number(time: Timestamp) -> i64 {
    time.0.div_euclid(SLOT_NANOSECONDS)
}

const fn index(number: i64) -> usize {
    number.rem_euclid(SLOTS as i64) as usize
}

impl Window {
    /// Adds requests seen at `time`. A time before the newest slot counts in the newest.
    pub(super) fn add(&mut self, time: Timestamp, volume: Volume, worst: Worst) {
        let number = slot_number(time).max(self.number);
        self.advance(number);
        let slot = &mut self.slots[index(number)];
        slot.volume.add(volume);
        for (kept, seen) in slot
            .worst
            .iter_mut()
            .zip([worst.memory, worst.length, worst.offset])
        {
            let power = seen.map_or(NONE_SEEN, |seen| seen.trailing_zeros() as u8);
            *kept = (*kept).min(power);
        }
    }

    /// Adds all of `other`, slot by slot.
    pub(super) fn merge(&mut self, other: &Self) {
        self.advance(self.number.max(other.number));
        for number in other.number - SLOTS as i64 + 1..=other.number {
            if number <= self.number - SLOTS as i64 {
                continue;
            }
            let (slot, more) = (&mut self.slots[index(number)], other.slots[index(number)]);
            slot.volume.add(more.volume);
            for (kept, seen) in slot.worst.iter_mut().zip(more.worst) {
                *kept = (*kept).min(seen);
            }
        }
    }

    fn advance(&mut self, number: i64) {
        let passed = number.saturating_sub(self.number).min(SLOTS as i64);
        for step in 0..passed {
            self.slots[index(number - step)] = Slot::EMPTY;
        }
        self.number = self.number.max(number);
    }

    /// Volume and smallest alignments of the last minute before `now`.
    pub(super) fn last_minute(&self, now: Timestamp) -> (Volume, Worst) {
        let mut volume = Volume::default();
        let mut worst = [NONE_SEEN; 3];
        self.newest(now, SLOTS as i64, |slot| {
            volume.add(slot.volume);
            for (kept, seen) in worst.iter_mut().zip(slot.worst) {
                *kept = (*kept).min(seen);
            }
        });
        let bytes = |power: u8| (power < NONE_SEEN).then(|| 1_u32 << power);
        let [memory, length, offset] = worst.map(bytes);
        (
            volume,
            Worst {
                memory,
                length,
                offset,
            },
        )
    }

    /// Volume of the slot that contains `now` and of the whole one before it, from which a rate is
    /// made.
    pub(super) fn recent(&self, now: Timestamp) -> Volume {
        let mut volume = Volume::default();
        self.newest(now, 2, |slot| volume.add(slot.volume));
        volume
    }

    fn newest(&self, now: Timestamp, slots: i64, mut take: impl FnMut(&Slot)) {
        let now = slot_number(now).max(self.number);
        for number in (now - slots + 1)..=self.number {
            take(&self.slots[index(number)]);
        }
    }
}

/// Seconds that [`Window::recent`] covers at `now`, in a store that has counted since `since`.
pub(super) fn recent_seconds(now: Timestamp, since: Timestamp) -> f64 {
    let whole = SLOT_NANOSECONDS + now.0.rem_euclid(SLOT_NANOSECONDS);
    let counted = i64::try_from(now.since(since)).unwrap_or(i64::MAX);
    whole.min(counted).max(1_000_000_000) as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000_000)
    }

    fn count(count: u64) -> Volume {
        Volume {
            count,
            bytes: count * 512,
        }
    }

    #[test]
    fn what_is_older_than_a_minute_is_gone() {
        let mut window = Window::default();
        let worst = Worst {
            memory: Some(4),
            ..Worst::default()
        };
        window.add(at(1_000), count(7), worst);
        window.add(at(1_030), count(2), Worst::default());
        assert_eq!(window.last_minute(at(1_030)), (count(9), worst));
        assert_eq!(window.last_minute(at(1_061)), (count(2), Worst::default()));
        assert_eq!(window.last_minute(at(2_000)).0, count(0));
        assert_eq!(window.recent(at(1_034)), count(2));
        assert_eq!(window.recent(at(1_041)), count(0));
    }

    #[test]
    fn merging_keeps_slots_apart() {
        let (mut older, mut newer) = (Window::default(), Window::default());
        older.add(at(1_000), count(5), Worst::default());
        newer.add(at(1_050), count(3), Worst::default());
        let mut merged = newer.clone();
        merged.merge(&older);
        older.merge(&newer);
        for window in [&merged, &older] {
            assert_eq!(window.last_minute(at(1_050)).0, count(8));
            assert_eq!(window.last_minute(at(1_062)).0, count(3));
        }
    }
}
