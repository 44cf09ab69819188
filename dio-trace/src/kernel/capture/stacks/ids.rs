//! The probes' map of stacks: reading it, and freeing its places.
//!
//! Equal stacks share an id. Requests in flight hold ids, even aligned ones, which are never sent. So no
//! id can be freed by itself. From time to time all of them are read and freed together. The time of its
//! submission decides whether a request's id is from before or after.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use aya::maps::{MapData, StackTraceMap};

use crate::kernel::{machine::proc::since_boot, sys::quiesce::wait_for_running_programs};

/// Addresses, innermost first.
pub(in crate::kernel) type Frames = Arc<[u64]>;

/// Interval in which the map is emptied: until then only one of two stacks that share a place has it.
const INTERVAL: Duration = Duration::from_secs(10);
/// The same while stacks are being lost.
const HURRIED: Duration = Duration::from_secs(1);
/// Number of stacks of earlier ages that are kept for slow requests, some 200 bytes each. The oldest
/// are dropped, and requests that still hold their ids have no stack.
const KEPT: usize = 65_536;
/// Number of ages that are kept, however few stacks they have: three hours in usual intervals.
const AGES: usize = 1_024;

/// A span of time during which each id meant one stack. Between two ages its meaning is not certain.
#[derive(Debug)]
struct Age {
    from: u64,
    until: u64,
    stacks: HashMap<u32, Frames>,
}

/// The map, and the earlier meanings of ids.
pub(in crate::kernel) struct Ids {
    map: StackTraceMap<MapData>,
    present: Age,
    /// Oldest first.
    past: VecDeque<Age>,
    freed: Instant,
}

impl Ids {
    pub(in crate::kernel) fn new(map: StackTraceMap<MapData>) -> Self {
        Self {
            map,
            present: Age {
                from: 0,
                until: u64::MAX,
                stacks: HashMap::new(),
            },
            past: VecDeque::new(),
            freed: Instant::now(),
        }
    }

    /// The stack of a request submitted at `time` (nanoseconds of `CLOCK_BOOTTIME`).
    pub(in crate::kernel) fn frames(&mut self, id: u32, time: u64) -> Option<Frames> {
        if time > self.present.from {
            return self.read(id);
        }
        let meaning = meaning(&self.past, id, time);
        let Meaning::Doubtful(before) = meaning else {
            return meaning.certain();
        };
        // Only at the latest change is the later meaning still in the map.
        match (before, self.read(id)) {
            (Some(before), Some(after)) => (before == after).then_some(after),
            (one, other) => one.or(other),
        }
    }

    fn read(&mut self, id: u32) -> Option<Frames> {
        if let Some(frames) = self.present.stacks.get(&id) {
            return Some(Arc::clone(frames));
        }
        let stack = self.map.get(&id, 0).ok()?;
        let frames: Frames = stack.frames().iter().map(|frame| frame.ip).collect();
        self.present.stacks.insert(id, Arc::clone(&frames));
        Some(frames)
    }

    /// Empties the map, if it is time.
    pub(in crate::kernel) fn free(&mut self, hurried: bool) {
        let interval = if hurried { HURRIED } else { INTERVAL };
        if self.freed.elapsed() < interval {
            return;
        }
        let until = since_boot();
        // After this, each program that noted an earlier time has its id.
        wait_for_running_programs();
        let ids: Vec<u32> = self.map.stack_ids().flatten().collect();
        for id in ids {
            if self.read(id).is_some() {
                // This thread is the only one that removes.
                let _ = self.map.remove(&id);
            }
        }
        let age = Age {
            from: since_boot(),
            until: u64::MAX,
            stacks: HashMap::new(),
        };
        let mut past = std::mem::replace(&mut self.present, age);
        past.until = until;
        self.past.push_back(past);
        while self.past.iter().map(|age| age.stacks.len()).sum::<usize>() > KEPT
            || self.past.len() > AGES
        {
            self.past.pop_front();
        }
        self.freed = Instant::now();
    }
}

/// The meaning of an id in the past.
#[derive(Debug, PartialEq)]
enum Meaning {
    Certain(Frames),
    /// The time is that of the latest change; this is the meaning before it.
    Doubtful(Option<Frames>),
    Unknown,
}

impl Meaning {
    fn certain(self) -> Option<Frames> {
        match self {
            Self::Certain(frames) => Some(frames),
            Self::Doubtful(_) | Self::Unknown => None,
        }
    }
}

fn meaning(past: &VecDeque<Age>, id: u32, time: u64) -> Meaning {
    let stack = |age: &Age| age.stacks.get(&id).cloned();
    let mut later: Option<&Age> = None;
    for age in past.iter().rev() {
        if time > age.from && time < age.until {
            return stack(age).map_or(Meaning::Unknown, Meaning::Certain);
        }
        if time >= age.until {
            return match later {
                None => Meaning::Doubtful(stack(age)),
                Some(later) => match (stack(age), stack(later)) {
                    (Some(before), Some(after)) if before == after => Meaning::Certain(after),
                    (Some(only), None) | (None, Some(only)) => Meaning::Certain(only),
                    _ => Meaning::Unknown,
                },
            };
        }
        later = Some(age);
    }
    Meaning::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(from: u64, until: u64, stacks: &[(u32, u64)]) -> Age {
        let stacks = stacks
            .iter()
            .map(|&(id, frame)| (id, Frames::from([frame])))
            .collect();
        Age {
            from,
            until,
            stacks,
        }
    }

    #[test]
    fn an_id_means_what_it_meant_at_submission() {
        let past = VecDeque::from([
            age(0, 100, &[(1, 11), (2, 22), (3, 33)]),
            age(110, 200, &[(1, 99), (3, 33), (4, 44)]),
        ]);
        let certain = |frame: u64| Meaning::Certain(Frames::from([frame]));
        assert_eq!(meaning(&past, 1, 50), certain(11));
        assert_eq!(meaning(&past, 1, 150), certain(99));
        assert_eq!(meaning(&past, 2, 150), Meaning::Unknown);
        // Submitted while the map was emptied.
        assert_eq!(meaning(&past, 1, 105), Meaning::Unknown);
        assert_eq!(meaning(&past, 3, 105), certain(33));
        assert_eq!(meaning(&past, 2, 105), certain(22));
        assert_eq!(meaning(&past, 4, 105), certain(44));
        assert_eq!(
            meaning(&past, 3, 205),
            Meaning::Doubtful(Some(Frames::from([33])))
        );
        assert_eq!(meaning(&past, 2, 205), Meaning::Doubtful(None));
    }

    #[test]
    fn what_is_forgotten_is_unknown() {
        let past = VecDeque::from([age(110, 200, &[(1, 99)])]);
        assert_eq!(meaning(&past, 1, 50), Meaning::Unknown);
    }
}
