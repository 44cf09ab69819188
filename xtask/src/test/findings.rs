//! The findings of the suite in one guest, read from the last line that it prints.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::suite::RESULT;

/// The findings of the suite on one kernel.
#[derive(Debug, Deserialize)]
pub(super) struct Findings {
    pub(super) kernel: String,
    pub(super) checks: Vec<Check>,
    #[serde(default)]
    pub(super) skipped: Vec<String>,
}

/// One check of the suite.
#[derive(Debug, Deserialize)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) passed: bool,
    #[serde(default)]
    pub(super) detail: String,
}

impl Findings {
    /// The findings in all that a guest printed; `None` where its suite did not come to an end.
    ///
    /// # Errors
    /// When the line is no such result.
    pub(super) fn in_output(printed: &[u8]) -> Result<Option<Self>> {
        let text = String::from_utf8_lossy(printed);
        let result = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(RESULT));
        result
            .map(|json| serde_json::from_str(json).context("the suite's result cannot be read"))
            .transpose()
    }
}
