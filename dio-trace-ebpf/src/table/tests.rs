//! The table against a map that is known to be right, also where another program works in it between
//! any two accesses.

use std::{cell::RefCell, collections::HashMap, ptr::NonNull, rc::Rc};

use proptest::{collection::vec, prelude::*};

use super::{FIRST, Slots};
use crate::{
    abi::slot::{Group, SLOTS_TRIED, slot_of},
    field,
    memory::{InMap, interrupt::interrupted},
};

/// Two groups: keys crowd in them.
const BITS: u32 = 5;
const GROUPS: usize = (1 << BITS) / SLOTS_TRIED;

/// Slots in this process' memory.
#[derive(Clone, Copy)]
struct HostSlots(NonNull<Group<u64>>);

impl HostSlots {
    /// Free slots, which stay until the tests end.
    fn new() -> Self {
        let groups: Box<[Group<u64>; GROUPS]> = Box::new(bytemuck::zeroed());
        Self(NonNull::from(Box::leak(groups)).cast())
    }

    /// Slots that are taken, and the number of rows that were displaced from all.
    fn taken_and_displaced(self) -> (usize, u64) {
        let groups = (0..GROUPS as u32).filter_map(|number| self.group(number));
        groups
            .flat_map(InMap::elements)
            .fold((0, 0), |(taken, displaced), slot| {
                (
                    taken + usize::from(field!(slot, key).read() != 0),
                    displaced + field!(slot, displaced).read(),
                )
            })
    }
}

impl Slots<u64> for HostSlots {
    fn bits(&self) -> u32 {
        BITS
    }

    fn group(&self, number: u32) -> Option<InMap<Group<u64>>> {
        // SAFETY: one of the groups, which stay.
        ((number as usize) < GROUPS).then(|| unsafe { InMap::new(self.0.add(number as usize)) })
    }
}

/// An action of a program on a key.
#[derive(Clone, Copy, Debug)]
enum Act {
    Claim(u64),
    Find(u64),
    Release(u64),
}

impl Act {
    fn key(self) -> u64 {
        let (Self::Claim(key) | Self::Find(key) | Self::Release(key)) = self;
        key
    }
}

fn acts() -> impl Strategy<Value = Act> {
    // More keys than slots: the table is full at times.
    (0..3, 1..40_u64).prop_map(|(act, key)| match act {
        0 => Act::Release(key),
        1 => Act::Find(key),
        _ => Act::Claim(key),
    })
}

/// The table, and what should be in it.
#[derive(Clone)]
struct Tested {
    slots: HostSlots,
    model: Rc<RefCell<HashMap<u64, u64>>>,
}

impl Tested {
    fn new() -> Self {
        Self {
            slots: HostSlots::new(),
            model: Rc::default(),
        }
    }

    /// Does one thing, and looks whether the table and the model agree on what comes of it. Returns
    /// whether there was room.
    fn act(&self, act: Act) -> bool {
        let key = act.key();
        let expected = self.model.borrow().get(&key).copied();
        match act {
            Act::Claim(_) => {
                let Some((row, found)) = self.slots.find_or_claim(FIRST, key) else {
                    return false;
                };
                assert_eq!(found, expected.is_some(), "{act:?}");
                if !found {
                    let value = self.model.borrow().len() as u64 + 1_000 * key;
                    row.write(value);
                    self.model.borrow_mut().insert(key, value);
                }
            }
            Act::Find(_) => {
                let found = self.slots.find(FIRST, key).map(InMap::read);
                assert_eq!(found, expected, "{act:?}");
            }
            Act::Release(_) => {
                let row = self.slots.find(FIRST, key);
                assert_eq!(row.is_some(), expected.is_some(), "{act:?}");
                if let Some(row) = row {
                    // SAFETY: found just now.
                    unsafe { self.slots.release(key, row) };
                    self.model.borrow_mut().remove(&key);
                }
            }
        }
        true
    }

    /// Keys of the model that lie in the same group as this one.
    fn neighbours(&self, key: u64) -> usize {
        let group = |key: u64| slot_of(key as u32, BITS) as usize / SLOTS_TRIED;
        let model = self.model.borrow();
        model
            .keys()
            .filter(|&&own| group(own) == group(key))
            .count()
    }

    /// All that should be there is, and all of it can be given up without leaving anything.
    fn empty(&self) {
        let keys: Vec<u64> = self.model.borrow().keys().copied().collect();
        assert_eq!(self.slots.taken_and_displaced().0, keys.len());
        for &key in &keys {
            self.act(Act::Find(key));
        }
        for key in keys {
            self.act(Act::Release(key));
        }
        assert_eq!(self.slots.taken_and_displaced(), (0, 0));
    }
}

proptest! {
    #[test]
    fn it_holds_what_a_hash_map_holds(acts in vec(acts(), 0..200)) {
        let table = Tested::new();
        for act in acts {
            let room = table.act(act);
            // Only where every slot of the group is taken.
            prop_assert!(room || table.neighbours(act.key()) == SLOTS_TRIED);
        }
        table.empty();
    }

    /// As a program is that another one preempts, or that runs while another CPU does all that: what the
    /// other does to other keys is nothing to it.
    #[test]
    fn other_keys_may_come_and_go_between_any_two_accesses(
        acts in vec((acts(), vec((0..40_usize, acts()), 0..6)), 0..60),
    ) {
        let table = Tested::new();
        for (act, others) in acts {
            let (other, mut access) = (table.clone(), 0);
            let program = move || {
                for &(_, other_act) in others.iter().filter(|(at, _)| *at == access) {
                    if other_act.key() != act.key() {
                        other.act(other_act);
                    }
                }
                access += 1;
            };
            interrupted(program, || table.act(act));
        }
        table.empty();
    }

    /// A row that lies in a slot is found there at any moment of its making and of its end.
    #[test]
    fn a_key_that_has_a_slot_is_found(others in vec(1..40_u64, 0..40), key in 1..40_u64) {
        let table = Tested::new();
        for other in others.into_iter().filter(|&other| other != key) {
            table.act(Act::Claim(other));
        }
        let slots = table.slots;
        let look = move || {
            let mut all = (0..GROUPS as u32).filter_map(|number| slots.group(number));
            let has_slot = all.any(|group| group.elements().any(|slot| field!(slot, key).read() == key));
            assert_eq!(slots.find(FIRST, key).is_some(), has_slot);
        };
        interrupted(look, || table.act(Act::Claim(key)));
        interrupted(look, || table.act(Act::Release(key)));
        table.empty();
    }

    /// Counting rows have keys that two programs on one CPU may claim at the same time: each gets a row,
    /// and a later lookup finds one of them.
    #[test]
    fn a_key_that_is_claimed_twice_at_a_time_is_found(key in 1..40_u64, access in 0..20_usize) {
        let slots = HostSlots::new();
        let mut made = 0;
        let program = move || {
            if made == access {
                assert!(slots.find_or_claim(FIRST, key).is_some());
            }
            made += 1;
        };
        let claimed = interrupted(program, || slots.find_or_claim(FIRST, key));
        prop_assert!(claimed.is_some());
        prop_assert!(slots.find(FIRST, key).is_some());
        prop_assert!(slots.taken_and_displaced().0 <= 2);
    }
}

#[test]
fn a_second_table_is_one_of_its_own() {
    let slots = HostSlots::new();
    // There is memory for one table only.
    assert!(slots.find_or_claim(1, 7).is_none());
    assert!(slots.find_or_claim(FIRST, 7).is_some());
    assert!(slots.find(1, 7).is_none());
}

#[test]
fn nobody_has_key_0() {
    let slots = HostSlots::new();
    assert!(slots.find(FIRST, 0).is_none());
    assert!(slots.find_or_claim(FIRST, 0).is_none());
}
