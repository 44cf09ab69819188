//! Overload: misaligned requests far faster than details may be sent.

use std::{
    path::Path,
    process::{self, Command},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{cases::CASES, measure, observer::Observer};
use crate::command;

/// Number of requests: more than ten times what a process may send in a second, issued in less than
/// a second.
const NUMBER: u64 = 60_000;

/// The result of the overload.
pub(super) struct Overload {
    /// Misaligned requests that were issued.
    pub(super) issued: u64,
    /// Misaligned requests that the recording counts.
    pub(super) counted: u64,
    /// Requests issued in a second of guest time.
    pub(super) rate: f64,
}

impl Overload {
    /// Share of the requests that the recording lacks or has too many of, percent.
    pub(super) fn missed(&self) -> f64 {
        self.issued.abs_diff(self.counted) as f64 / self.issued as f64 * 100.0
    }
}

/// Issues the requests while `tracer` records, stops it, and reads what it counted.
///
/// # Errors
/// When the recording cannot be read.
pub(super) fn run(program: &Path, tracer: Observer) -> Result<Overload> {
    let case = CASES.iter().find(|case| case.is_told());
    let mut repeater = measure::open(case.context("no misaligned case")?)?;
    let elapsed = repeater.run(NUMBER)?;
    measure::settle();
    let recording = tracer.stop()?;
    let said = command::output(
        Command::new(program)
            .args(["report", "--format", "json", "--pid"])
            .arg(process::id().to_string())
            .arg(&recording),
    )?;
    let summary: Value = serde_json::from_str(&said).context("report did not print JSON")?;
    let Some(counted) = summary["total"]["misaligned"].as_u64() else {
        bail!("the report has no total of misaligned requests")
    };
    Ok(Overload {
        issued: repeater.issued(),
        counted,
        rate: NUMBER as f64 / (elapsed as f64 / 1e9),
    })
}
