//! The event log: the first request of each kind of trouble, losses, and what the user did.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    model::{Loss, Record, Timestamp},
    store::bounds::LOG_ENTRIES,
};

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The first request of its kind: this process had no such verdict and reasons on this file
    /// before.
    First(Arc<Record>),
    /// A loss.
    Lost(Loss),
    /// Processes were folded into the "(others)" row.
    Folded {
        /// Number of processes.
        processes: u64,
    },
    /// Another event, as text.
    Note(Arc<str>),
}

/// An event and its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Time at which it was noticed.
    pub time: Timestamp,
    /// The event.
    pub event: Event,
}

/// A bounded list of events, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    /// Number of entries that were dropped for lack of room.
    pub(super) dropped: u64,
}

impl Log {
    /// Adds an event. Consecutive losses of one cause become one entry, so that a ring buffer that
    /// overflows each second does not push out everything else.
    pub(super) fn push(&mut self, time: Timestamp, event: Event) {
        if let (
            Event::Lost(new),
            Some(Entry {
                event: Event::Lost(last),
                ..
            }),
        ) = (&event, self.entries.back_mut())
            && last.cause == new.cause
        {
            last.count = last.count.saturating_add(new.count);
            return;
        }
        if self.entries.len() >= LOG_ENTRIES {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(Entry { time, event });
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }
}
