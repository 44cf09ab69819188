//! The content of one row of a recording.

use crate::model::{Loss, Record, Timestamp};

/// A row, before it is encoded or after it is decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// One or many requests.
    Record(Box<Record>),
    /// A loss; its `count` is 0, so that sums stay exact.
    Loss(Timestamp, Loss),
    /// A time mark: everything up to then has been recorded, save single requests that are held back
    /// for some seconds. It is the end of a [`Batch`](crate::model::Batch), and its `count` is 0.
    Mark(Timestamp),
}
