//! The smallest thing counted: requests of one process on one file that agree in all else.

use std::sync::Arc;

use crate::{
    model::{Flags, Interface, Operation, Reasons, Record, Timestamp, Verdict},
    store::{Volume, Worst, window::Window},
};

/// What the requests of a cell agree in, beside process and file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellKey {
    pub(super) operation: Operation,
    /// `None` where too many kinds were seen to tell interfaces, reasons and flags apart.
    pub(super) interface: Option<Interface>,
    pub(super) verdict: Verdict,
    pub(super) reasons: Reasons,
    pub(super) flags: Flags,
}

impl CellKey {
    pub(super) fn of(record: &Record) -> Self {
        Self {
            operation: record.operation,
            interface: Some(record.interface),
            verdict: record.verdict,
            reasons: record.reasons,
            flags: record.flags,
        }
    }

    /// The coarse kind that still has the right verdict. Probing stays apart: it is no fault.
    pub(super) fn coarse(self) -> Self {
        let flags = Flags::NONE.with_if(Flags::PROBING, self.flags.contains(Flags::PROBING));
        Self {
            interface: None,
            reasons: Reasons::NONE,
            flags,
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
    /// The newest single request of this kind, or a row of counted ones where none was captured:
    /// something to explain it by, however long ago it was. `None` for aligned ones.
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
