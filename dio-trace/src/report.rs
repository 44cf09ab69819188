//! Reports: summaries, forecasts and exports of a recording.

mod answer;
mod collector;
mod csv;
mod export;
mod gather;
mod json;
mod jsonl;
mod parquet;
mod plain;
mod stacks;
mod summary;
mod text;
mod what_if;

pub use answer::{Answer, answer};
pub use collector::Collector;
pub use export::{Export, export};
pub use json::{json, tally_json};
pub use stacks::{Frequent, Stacks};
pub use summary::{Case, Disk, File, Place, Process, Seen, Summary};
pub use text::text;
pub use what_if::{Fate, Fates, Forecast, WhatIf, text as what_if_text};
