//! Runs dio-trace and the workload as the checks of commands need them.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

use super::running::Running;
use crate::suite::{recording::requests_in, setting::Setting};

/// Number of requests of the workload `log512`, all of which are misaligned and rejected.
pub(super) const LOG512: u64 = 32;
/// A size with room for the head of a recording (its schema, the environment, and how each hook was
/// attached), and for little more. The head is larger than 12 KiB.
pub(super) const SMALL: &str = "20k";

/// The setting of the checks.
pub(super) struct Bench<'a> {
    pub(super) setting: &'a Setting,
    /// Program whose `workload` issues the requests.
    pub(super) workload: PathBuf,
    /// Path of a disk with 4096-byte blocks.
    pub(super) disk: String,
    /// Directory of the recordings.
    pub(super) directory: PathBuf,
}

impl Bench<'_> {
    pub(super) fn start(&self, name: &str, arguments: &[&str]) -> anyhow::Result<Running> {
        let output = self.directory.join(name);
        let log = self
            .directory
            .join(format!("{}.log", name.replace('/', "-")));
        let child = self
            .setting
            .tracer
            .command()
            .args(["record", "-o"])
            .arg(&output)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .context("cannot run dio-trace")?;
        Ok(Running { child, output, log })
    }

    /// Runs dio-trace to its end, and returns its exit code and what it printed.
    pub(super) fn run(&self, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
        self.setting.tracer.run(arguments)
    }

    pub(super) fn issue(&self, scenario: &str) -> anyhow::Result<()> {
        let status = Command::new(&self.workload)
            .args(["workload", "scenario", scenario, &self.disk])
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            bail!("the workload ended with {status}");
        }
        Ok(())
    }

    /// The command line of the workload, for a shell.
    pub(super) fn script(&self, scenario: &str) -> String {
        let workload = self.workload.display();
        format!(
            "{workload} workload scenario {scenario} {} > /dev/null",
            self.disk
        )
    }

    /// The numbers of direct and of misaligned requests in a recording; `None` where it cannot be
    /// read.
    pub(super) fn counts(&self, recording: &Path) -> anyhow::Result<Option<(u64, u64)>> {
        let path = recording.to_string_lossy();
        let (code, text) = self.run(&["report", "--format", "jsonl", &path])?;
        if code != Some(0) {
            return Ok(None);
        }
        let rows = requests_in(&text);
        let sum = |misaligned: bool| {
            let rows = rows
                .iter()
                .filter(|row| !misaligned || row["verdict"] != "aligned");
            rows.filter_map(|row| row["count"].as_u64()).sum()
        };
        Ok(Some((sum(false), sum(true))))
    }
}
