//! Programs that are attached twice, because the kernel may skip one: what the first of a pair has seen,
//! the second must not count again.

use crate::abi::request::{Request, state};

/// Whether the other program of the pair has seen this entry of the request already.
#[inline(always)]
#[must_use]
pub const fn is_seen(request: &mut Request) -> bool {
    let due = request.state & state::PAIR_DUE != 0;
    request.state &= !state::PAIR_DUE;
    due
}

/// Whether this program is the first of its pair to see an event; `due` is the [`state`] bit for such
/// events. `again`: the event may be the one that the last program has seen. If one program of the pair
/// is skipped, the other counts.
#[inline(always)]
#[must_use]
pub const fn is_first(state: &mut u32, due: u32, again: bool) -> bool {
    let first = !again || *state & due == 0;
    *state = if first { *state | due } else { *state & !due };
    first
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Events that none, one or both programs of a pair see, and how many of them are counted.
    fn counted(events: &[(u64, bool, bool)]) -> usize {
        let (mut state, mut last, mut count) = (0, None, 0);
        for &(event, first, second) in events {
            for _ in [first, second].into_iter().filter(|&runs| runs) {
                let again = last == Some(event);
                if is_first(&mut state, state::BIO_DUE, again) {
                    last = Some(event);
                    count += 1;
                }
            }
        }
        count
    }

    fn seen(events: &[(u64, bool, bool)]) -> usize {
        events.iter().filter(|(_, a, b)| *a || *b).count()
    }

    fn skipped(events: &[(u64, bool, bool)]) -> usize {
        let skips = |(_, a, b): &(u64, bool, bool)| usize::from(!a) + usize::from(!b);
        events.iter().map(skips).sum()
    }

    proptest! {
        #[test]
        fn each_bio_that_a_program_sees_is_counted_once(
            runs in vec((any::<bool>(), any::<bool>()), 0..40),
        ) {
            let events: Vec<_> = (0..).zip(runs).map(|(bio, (a, b))| (bio, a, b)).collect();
            prop_assert_eq!(counted(&events), seen(&events));
        }

        /// As splits are, and bios whose address is used again at once.
        #[test]
        fn events_that_look_the_same_are_missed_only_where_programs_are_skipped(
            events in vec((0..2_u64, any::<bool>(), any::<bool>()), 0..40),
        ) {
            let (counted, seen) = (counted(&events), seen(&events));
            prop_assert!(counted <= seen);
            prop_assert!(seen - counted <= skipped(&events));
        }
    }

    #[test]
    fn the_second_program_at_an_entry_finds_the_mark_of_the_first() {
        let mut request: Request = bytemuck::zeroed();
        assert!(!is_seen(&mut request));
        request.state |= state::PAIR_DUE | state::DIRECT;
        assert!(is_seen(&mut request));
        assert!(!is_seen(&mut request));
        assert_eq!(request.state, state::DIRECT);
    }
}
