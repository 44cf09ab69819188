//! Counts the call stacks that requests come from.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

/// Number of stacks distinguished in one case: a fault comes from a few places of a program.
/// Further ones are counted together, so that no recording can use up all memory.
const CAPACITY: usize = 32;

/// Call stacks of a program, innermost frame first, with the number of requests that they issued.
#[derive(Clone, Debug, Default)]
pub struct Stacks {
    counts: HashMap<Vec<Arc<str>>, u64>,
    others: u64,
}

/// The stack that issued the most requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequent<'a> {
    /// Its frames, innermost first.
    pub frames: &'a [Arc<str>],
    /// Number of requests that it issued.
    pub count: u64,
    /// Number of requests whose stacks are known.
    pub of: u64,
}

impl Stacks {
    /// Adds requests of one stack. A stack without frames is ignored.
    pub(super) fn add(&mut self, frames: Vec<Arc<str>>, count: u64) {
        if frames.is_empty() {
            return;
        }
        let sum = if self.counts.len() < CAPACITY || self.counts.contains_key(&frames) {
            self.counts.entry(frames).or_default()
        } else {
            &mut self.others
        };
        *sum = sum.saturating_add(count);
    }

    /// Adds all of `other`.
    pub(super) fn merge(&mut self, other: Self) {
        for (frames, count) in other.counts {
            self.add(frames, count);
        }
        self.others = self.others.saturating_add(other.others);
    }

    /// The most frequent stack; of equally frequent ones the first by name, so that reports do not
    /// depend on chance. `None` where the recording has no stacks.
    #[must_use]
    pub fn most_frequent(&self) -> Option<Frequent<'_>> {
        let (frames, count) = self
            .counts
            .iter()
            .min_by_key(|(frames, count)| (Reverse(**count), *frames))?;
        let of = self
            .counts
            .values()
            .fold(self.others, |sum, count| sum.saturating_add(*count));
        Some(Frequent {
            frames,
            count: *count,
            of,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(number: usize) -> Vec<Arc<str>> {
        vec![format!("f{number}").into(), "main".into()]
    }

    #[test]
    fn the_most_frequent_is_found_and_nothing_is_lost() {
        let (mut all, mut more) = (Stacks::default(), Stacks::default());
        assert_eq!(all.most_frequent(), None);
        all.add(stack(1), 2);
        all.add(Vec::new(), 9);
        for number in 0..CAPACITY * 2 {
            more.add(stack(number), 1);
        }
        more.add(stack(3), 4);
        all.merge(more);
        let found = all.most_frequent().unwrap();
        assert_eq!(found.frames, stack(3));
        assert_eq!((found.count, found.of), (5, 2 + 2 * CAPACITY as u64 + 4));
    }
}
