//! What a recording says, in the form that is asked for.

mod csv;
mod export;
mod jsonl;
mod parquet;
mod plain;

pub use export::{Export, export};
