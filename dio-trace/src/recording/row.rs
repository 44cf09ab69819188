//! What one row of a recording holds.

use crate::model::{Loss, Record, Request, Timestamp};

/// A row before it is encoded, or after it is decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// One or many requests.
    Record(Box<Record>),
    /// A loss; its `count` is 0, so that sums stay exact.
    Loss(Timestamp, Loss),
    /// Everything until then has been told: the end of a [`Batch`](crate::model::Batch). Its
    /// `count` is 0.
    Mark(Timestamp),
}

/// A row to encode.
#[derive(Clone, Copy, Debug)]
pub(super) enum RowRef<'a> {
    Record(&'a Record),
    Loss(Timestamp, Loss),
    Mark(Timestamp),
}

impl<'a> RowRef<'a> {
    pub(super) fn time(self) -> Timestamp {
        match self {
            Self::Record(record) => record.time,
            Self::Loss(time, _) | Self::Mark(time) => time,
        }
    }

    pub(super) fn record(self) -> Option<&'a Record> {
        match self {
            Self::Record(record) => Some(record),
            _ => None,
        }
    }

    pub(super) fn request(self) -> Option<&'a Request> {
        self.record()?.request.as_ref()
    }

    pub(super) fn loss(self) -> Option<Loss> {
        match self {
            Self::Loss(_, loss) => Some(loss),
            _ => None,
        }
    }
}
