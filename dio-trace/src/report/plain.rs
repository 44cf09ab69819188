//! Rows without dictionaries, for formats that have none.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, ListArray, RecordBatch, cast::AsArray, types::TimestampNanosecondType,
};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

/// `rows` with the time zone of times written as an offset: arrow prints names of zones only with
/// a whole zone database built in.
pub(super) fn with_offset_times(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = rows
        .schema_ref()
        .fields()
        .iter()
        .zip(rows.columns())
        .map(
            |(field, column)| match column.as_primitive_opt::<TimestampNanosecondType>() {
                None => (field.as_ref().clone(), Arc::clone(column)),
                Some(times) => {
                    let times: ArrayRef = Arc::new(times.clone().with_timezone("+00:00"));
                    let kind = times.data_type().clone();
                    (Field::new(field.name(), kind, field.is_nullable()), times)
                }
            },
        )
        .unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// The type of a column with dictionaries resolved.
pub(super) fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => (**values).clone(),
        DataType::List(item) => DataType::List(Arc::new(plain_field(item))),
        other => other.clone(),
    }
}

fn plain_field(field: &Field) -> Field {
    Field::new(
        field.name(),
        plain_type(field.data_type()),
        field.is_nullable(),
    )
}

/// A schema with dictionaries resolved; the metadata stays.
pub(super) fn plain_schema(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| plain_field(field))
        .collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// `rows` under their [`plain_schema`].
pub(super) fn plain_rows(
    rows: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let columns = rows
        .columns()
        .iter()
        .map(plain_column)
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

fn plain_column(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let plain = plain_type(column.data_type());
    match &plain {
        same if same == column.data_type() => Ok(Arc::clone(column)),
        DataType::List(item) => {
            let list = column.as_list::<i32>();
            let items = cast(list.values(), item.data_type())?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(
                Arc::clone(item),
                offsets,
                items,
                nulls,
            )?))
        }
        other => cast(column, other),
    }
}
