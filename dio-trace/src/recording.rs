//! Recordings: an Arrow IPC stream with zstd buffers, one row for each [`Record`], loss and time
//! mark.
//!
//! It opens as it is in pyarrow, Polars and whatever else reads Arrow streams. It is written in
//! whole batches, so a recording that was cut off anywhere reads back up to its last whole batch.
//!
//! [`Record`]: crate::model::Record

mod check;
mod columns;
mod decode;
mod dictionary;
mod encode;
mod guard;
mod message;
mod metadata;
mod parallel;
mod reader;
mod recorder;
mod rotate;
mod row;
mod rows;
mod schema;
mod select;
mod writer;

pub use columns::{Columns, Sets, TextColumn, TextLists};
pub use decode::Decoder;
pub use encode::Encoder;
pub use metadata::{Metadata, SCHEMA_VERSION};
pub use parallel::{Part, Projection, fold};
pub use reader::{Ending, Reader};
pub use recorder::{Recorder, Room, Target};
pub use rotate::Files;
pub use row::Row;
pub use schema::{COLUMNS, Column, Kind, columns_markdown, schema, schema_markdown};
pub(crate) use select::mask;
pub use select::{FILTER_COLUMNS, select};
pub use writer::{Pace, Sink, Writer};

#[cfg(test)]
pub(crate) mod tests;
