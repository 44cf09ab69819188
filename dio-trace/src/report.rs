//! Reports: summaries, forecasts and exports of a recording.

mod answer;
mod collector;
mod csv;
mod format;
mod gather;
mod json;
mod jsonl;
mod keys;
mod parquet;
mod plain;
mod rows;
mod stacks;
mod summary;
mod sums;
mod text;
mod what_if;
mod write;

pub use answer::{Answer, answer};
pub use collector::Collector;
pub use format::{Content, Format};
pub use json::{json, tally_json};
pub use keys::{Case, File, Place, Process};
pub use stacks::{Frequent, Stacks};
pub use summary::Summary;
pub use sums::{Disk, Seen};
pub use text::text;
pub use what_if::{Fate, Fates, Forecast, WhatIf};
pub use write::{write, write_forecast};
