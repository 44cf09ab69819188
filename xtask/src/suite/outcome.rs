//! The findings of the suite: readable lines while it runs, one line of JSON at its end.

use std::process::ExitCode;

use dio_trace_ebpf::words::RuleSet;
use serde::Serialize;

/// Start of the suite's last line; JSON follows.
pub(crate) const RESULT: &str = "SUITE-RESULT ";

/// One check.
#[derive(Serialize)]
struct Check {
    name: String,
    passed: bool,
    detail: String,
}

/// All findings on this kernel.
#[derive(Serialize)]
pub(super) struct Outcome {
    kernel: String,
    rule_set: RuleSet,
    checks: Vec<Check>,
    table: Vec<String>,
    skipped: Vec<String>,
}

impl Outcome {
    pub(super) fn new(rule_set: RuleSet) -> anyhow::Result<Self> {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let kernel = release.trim().to_owned();
        println!("kernel {kernel}, rule set {rule_set}");
        Ok(Self {
            kernel,
            rule_set,
            checks: Vec::new(),
            table: Vec::new(),
            skipped: Vec::new(),
        })
    }

    /// Records a check.
    pub(super) fn check(
        &mut self,
        name: impl Into<String>,
        passed: bool,
        detail: impl Into<String>,
    ) {
        let check = Check {
            name: name.into(),
            passed,
            detail: detail.into(),
        };
        let word = if passed { "ok  " } else { "FAIL" };
        println!("{word} {}: {}", check.name, check.detail);
        self.checks.push(check);
    }

    /// Records something that could not be tested here, which is not the same as passing.
    pub(super) fn skip(&mut self, name: &str, reason: &str) {
        println!("skip {name}: {reason}");
        self.skipped.push(format!("{name}: {reason}"));
    }

    /// Adds a row to the table.
    pub(super) fn row(&mut self, row: String) {
        println!("{row}");
        self.table.push(row);
    }

    /// Prints the result and turns it into an exit code.
    pub(super) fn finish(self) -> ExitCode {
        let failed = self.checks.iter().filter(|check| !check.passed).count();
        println!(
            "{} checks, {failed} failed, {} skipped",
            self.checks.len(),
            self.skipped.len()
        );
        let json = serde_json::to_string(&self).unwrap_or_else(|error| format!("{error}"));
        println!("{RESULT}{json}");
        if failed == 0 && !self.checks.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
