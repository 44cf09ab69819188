//! The results of all tests, and the closing lines.

use std::{process::ExitCode, time::Duration};

use anyhow::Result;

use super::findings::Findings;
use crate::{phase, setup::Series};

/// Counts and failures of each kernel.
#[derive(Default)]
pub(super) struct Report {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    passed: usize,
    failed: usize,
    skipped: usize,
    duration: Option<Duration>,
    /// Key for the order of rows; `None` for the host.
    series: Option<Series>,
    failures: Vec<String>,
}

impl Row {
    fn new(name: String, series: Option<Series>) -> Self {
        Self {
            name,
            passed: 0,
            failed: 0,
            skipped: 0,
            duration: None,
            series,
            failures: Vec::new(),
        }
    }
}

impl Report {
    pub(super) fn host(&mut self, passed: usize, failed: usize, skipped: usize) {
        self.rows.push(Row {
            passed,
            failed,
            skipped,
            ..Row::new("this machine".to_owned(), None)
        });
    }

    /// Adds a kernel that was not available: nothing was tested on it, which is not a success.
    pub(super) fn missing(&mut self, series: Series) {
        self.rows.push(Row {
            skipped: 1,
            ..Row::new(format!("{series} (not available)"), Some(series))
        });
    }

    pub(super) fn guest(
        &mut self,
        series: Series,
        release: String,
        duration: Duration,
        found: Result<Findings>,
    ) {
        let mut row = Row {
            duration: Some(duration),
            ..Row::new(release, Some(series))
        };
        match found {
            Err(error) => {
                row.failed = 1;
                row.failures.push(format!("{error:#}"));
            }
            Ok(found) => {
                row.name = found.kernel;
                row.skipped = found.skipped.len();
                for check in found.checks {
                    if check.passed {
                        row.passed += 1;
                    } else {
                        row.failed += 1;
                        row.failures
                            .push(format!("{}: {}", check.name, check.detail));
                    }
                }
                if row.passed + row.failed == 0 {
                    row.failed = 1;
                    row.failures.push("the suite checked nothing".to_owned());
                }
            }
        }
        self.rows.push(row);
    }

    /// Prints failures and counts.
    pub(super) fn print(mut self) -> ExitCode {
        self.rows.sort_by_key(|row| row.series);
        for row in &self.rows {
            if !row.failures.is_empty() {
                println!("\n{}", row.name);
            }
            for failure in &row.failures {
                println!("  FAILED {}", shown(failure));
            }
        }
        println!(
            "\n{:<28} {:>7} {:>7} {:>8} {:>9}",
            "kernel", "passed", "failed", "skipped", "time"
        );
        for Row {
            name,
            passed,
            failed,
            skipped,
            duration,
            ..
        } in &self.rows
        {
            let time = duration.map(phase::seconds).unwrap_or_default();
            println!("{name:<28} {passed:>7} {failed:>7} {skipped:>8} {time:>9}");
        }
        let total = |count: fn(&Row) -> usize| self.rows.iter().map(count).sum::<usize>();
        let (passed, failed) = (total(|row| row.passed), total(|row| row.failed));
        println!(
            "\n{passed} passed, {failed} failed, {} skipped",
            total(|row| row.skipped)
        );
        if failed == 0 && passed > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Text without control characters: names of processes and files may contain anything.
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { '?' } else { c })
        .collect()
}
