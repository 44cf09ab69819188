//! Cells, the smallest unit of counting: requests of one process on one file that agree in
//! everything else.

use std::sync::Arc;

use crate::{
    findings::Traits,
    model::{Cause, Flag, Flags, Interface, Operation, Reasons, Record, Timestamp, Verdict},
    store::{Volume, Worst, window::Window},
};

/// The kind of a cell's requests: what they agree in, in addition to process and file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellKey {
    pub(super) operation: Operation,
    /// Interface, reasons and flags; `None` where too many kinds were seen to distinguish them.
    pub(super) interface: Option<Interface>,
    pub(super) verdict: Verdict,
    pub(super) reasons: Reasons,
    pub(super) flags: Flags,
    /// Positive errno; 0 of requests that did not fail, and where it is not known.
    pub(super) errno: i64,
    /// Why they were buffered, where that is not their alignment.
    pub(super) cause: Option<Cause>,
}

impl CellKey {
    pub(super) fn of(record: &Record) -> Self {
        Self {
            operation: record.operation,
            interface: Some(record.interface),
            verdict: record.verdict,
            reasons: record.reasons,
            flags: record.flags,
            errno: record.errno().unwrap_or(0),
            cause: record.cause,
        }
    }

    /// Whether these may be requests of one kind: those that were only counted may
    /// carry no error (older recordings).
    pub(super) fn resembles(self, other: Self) -> bool {
        let either_unknown = self.errno == 0 || other.errno == 0;
        Self { errno: 0, ..self } == Self { errno: 0, ..other }
            && (either_unknown || self.errno == other.errno)
    }

    /// The traits that decide to which finding they belong.
    pub(super) const fn traits(self) -> Traits {
        Traits {
            verdict: self.verdict,
            reasons: self.reasons,
            flags: self.flags,
            errno: self.errno,
            cause: self.cause,
        }
    }

    /// The coarse kind with the same verdict. Probing stays separate, because it is not a fault.
    pub(super) fn coarse(self) -> Self {
        let flags = Flags::NONE.with_if(Flag::Probing, self.flags.contains(Flag::Probing));
        Self {
            interface: None,
            reasons: Reasons::NONE,
            flags,
            cause: None,
            ..self
        }
    }
}

/// Counts of one kind of request.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) key: CellKey,
    pub(super) volume: Volume,
    pub(super) worst: Worst,
    pub(super) window: Window,
    /// An example to explain it by: the newest captured request of this kind, however old, or a
    /// record of counted ones if none was captured. `None` for aligned ones.
    pub(super) example: Option<Arc<Record>>,
}

impl Cell {
    pub(super) fn new(key: CellKey) -> Self {
        Self {
            key,
            volume: Volume::default(),
            worst: Worst::default(),
            window: Window::default(),
            example: None,
        }
    }

    /// Adds one record, seen at `time`.
    pub(super) fn add(&mut self, time: Timestamp, record: &Record) {
        let volume = Volume {
            count: record.count,
            bytes: record.bytes,
        };
        let worst = record
            .request
            .as_ref()
            .map_or_else(Worst::default, |request| Worst {
                memory: Some(request.geometry.memory_alignment()),
                length: Some(request.geometry.length_alignment()),
                offset: Some(request.geometry.offset_alignment()),
            });
        self.volume.add(volume);
        self.worst.lower(worst);
        self.window.add(time, volume, worst);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.volume.add(other.volume);
        self.worst.lower(other.worst);
        self.window.merge(&other.window);
        if self.example.is_none() {
            self.example.clone_from(&other.example);
        }
    }
}
