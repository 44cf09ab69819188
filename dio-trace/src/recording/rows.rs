//! Rows to be encoded, and simple columns made from them.
//!
//! Nearly all columns are null in the same rows: those that are not a record, or not a captured
//! request. Their null buffers are made once and shared, and values are written without consulting
//! them.

use std::sync::Arc;

use arrow_array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::NullBuffer;

use crate::model::{Batch, Loss, Record, Request, Timestamp};

/// A column and its name.
pub(super) type Column = (&'static str, ArrayRef);

/// The rows of some batches: one for each record and loss, and one mark after those of each batch.
pub(super) struct Rows<'a> {
    /// Time of each row.
    pub(super) times: Vec<Timestamp>,
    /// The record of each row; `None` in other rows.
    pub(super) records: Vec<Option<&'a Record>>,
    /// The captured request of each row; `None` in other rows.
    pub(super) requests: Vec<Option<&'a Request>>,
    /// The loss of each row; `None` in other rows.
    pub(super) losses: Vec<Option<Loss>>,
    /// The rows that are records.
    pub(super) are_records: NullBuffer,
    /// The rows that are captured requests.
    pub(super) are_requests: NullBuffer,
}

impl<'a> Rows<'a> {
    pub(super) fn of(batches: &'a [Batch]) -> Self {
        let mut times = Vec::new();
        let mut records = Vec::new();
        let mut losses = Vec::new();
        for batch in batches {
            times.extend(batch.records.iter().map(|record| record.time));
            records.extend(batch.records.iter().map(Some));
            losses.resize(records.len(), None);
            losses.extend(batch.losses.iter().copied().map(Some));
            // The mark.
            losses.push(None);
            records.resize(losses.len(), None);
            times.resize(losses.len(), batch.time);
        }
        let requests: Vec<Option<&Request>> = records
            .iter()
            .map(|record: &Option<&Record>| record.and_then(|record| record.request.as_ref()))
            .collect();
        Self {
            are_records: records.iter().map(Option::is_some).collect(),
            are_requests: requests.iter().map(Option::is_some).collect(),
            times,
            records,
            requests,
            losses,
        }
    }

    /// A column with a value of each record; null in other rows.
    pub(super) fn of_records<T: ArrowPrimitiveType>(
        &self,
        get: impl Fn(&Record) -> T::Native,
    ) -> ArrayRef {
        column::<T, _>(&self.records, &self.are_records, get)
    }

    /// A column with a value of each captured request; null in other rows.
    pub(super) fn of_requests<T: ArrowPrimitiveType>(
        &self,
        get: impl Fn(&Request) -> T::Native,
    ) -> ArrayRef {
        column::<T, _>(&self.requests, &self.are_requests, get)
    }
}

/// A column with a value of each present item; null elsewhere, which `valid` must agree with.
pub(super) fn column<T: ArrowPrimitiveType, R>(
    rows: &[Option<&R>],
    valid: &NullBuffer,
    get: impl Fn(&R) -> T::Native,
) -> ArrayRef {
    let values = rows.iter();
    let values: Vec<T::Native> = values
        .map(|row| row.map_or_else(T::Native::default, &get))
        .collect();
    Arc::new(PrimitiveArray::<T>::new(values.into(), Some(valid.clone())))
}

/// A column of values, any of which may be null.
pub(super) fn optional<T: ArrowPrimitiveType>(
    values: impl Iterator<Item = Option<T::Native>>,
) -> ArrayRef {
    Arc::new(values.collect::<PrimitiveArray<T>>())
}
