//! Columns of the shape of requests: where in the file, how long, and from which memory.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, ListArray, StructArray, UInt64Array,
    types::{UInt32Type, UInt64Type},
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType};

use crate::{
    model::Geometry,
    recording::{
        rows::{Column, Rows, optional},
        schema::{item_field, segment_fields},
    },
};

/// Offset, length, segments and alignments.
pub(super) fn shape(rows: &Rows<'_>) -> Result<Vec<Column>, ArrowError> {
    let alignment = |get: fn(&Geometry) -> u32| {
        rows.of_requests::<UInt32Type>(move |request| get(&request.geometry))
    };
    let seen = rows.requests.iter().copied().map(|request| {
        let request = request?;
        (request.seen_length != request.geometry.length).then_some(request.seen_length)
    });
    Ok(vec![
        (
            "offset",
            rows.of_requests::<UInt64Type>(|request| request.geometry.offset),
        ),
        (
            "length",
            rows.of_requests::<UInt64Type>(|request| request.geometry.length),
        ),
        ("length_seen", optional::<UInt64Type>(seen)),
        (
            "segment_count",
            rows.of_requests::<UInt32Type>(|request| request.geometry.segment_count),
        ),
        ("segments", segments(rows)?),
        ("memory_alignment", alignment(Geometry::memory_alignment)),
        ("length_alignment", alignment(Geometry::length_alignment)),
        ("offset_alignment", alignment(Geometry::offset_alignment)),
    ])
}

fn segments(rows: &Rows<'_>) -> Result<ArrayRef, ArrowError> {
    let lists = || {
        let requests = rows.requests.iter().copied();
        requests.map(|request| request.map_or(&[][..], |request| &request.segments))
    };
    let all = || lists().flatten();
    let addresses = UInt64Array::from_iter_values(all().map(|segment| segment.address));
    let lengths = UInt64Array::from_iter_values(all().map(|segment| segment.length));
    let arrays: Vec<ArrayRef> = vec![Arc::new(addresses), Arc::new(lengths)];
    let items = StructArray::try_new(segment_fields(), arrays, None)?;
    let field = item_field(DataType::Struct(segment_fields()));
    Ok(Arc::new(ListArray::try_new(
        field,
        OffsetBuffer::from_lengths(lists().map(<[_]>::len)),
        Arc::new(items),
        Some(rows.are_requests.clone()),
    )?))
}

/// The columns that the kernel's rules need from the segments. Values that follow from another
/// column are null.
pub(super) fn geometry(rows: &Rows<'_>) -> Vec<Column> {
    let bits = |get: fn(&Geometry) -> u32| {
        rows.of_requests::<UInt32Type>(move |request| get(&request.geometry))
    };
    let unless = |get: fn(&Geometry) -> (u32, u32)| {
        let values = rows.requests.iter().copied();
        optional::<UInt32Type>(values.map(|request| {
            let (value, usual) = get(&request?.geometry);
            (value != usual).then_some(value)
        }))
    };
    vec![
        ("address_bits", bits(|one| one.address_bits)),
        ("length_bits", bits(|one| one.length_bits)),
        (
            "merged_count",
            unless(|one| (one.merged_count, one.segment_count)),
        ),
        (
            "merged_address_bits",
            unless(|one| (one.merged_address_bits, one.address_bits)),
        ),
        (
            "merged_length_bits",
            unless(|one| (one.merged_length_bits, one.length_bits)),
        ),
        ("gap_bits", bits(|one| one.gap_bits)),
        ("split_bits", bits(|one| one.split_bits)),
        (
            "first_page_offset",
            unless(|one| (one.first_page_offset, one.address_bits & 4095)),
        ),
        (
            "empty_address_bits",
            unless(|one| (one.empty_address_bits, 0)),
        ),
    ]
}
