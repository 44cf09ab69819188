//! What one row of a recording holds.

use crate::model::{Loss, Record, Timestamp};

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
