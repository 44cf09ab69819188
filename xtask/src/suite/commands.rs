//! Checks of the commands, as people and scripts use them: how a recording ends, what it then
//! contains, and the exit codes.

mod answers;
mod ending;
mod running;
mod traced;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::Value;

use answers::{compare, verify};
use ending::{closed_pipe, duration, full_disk, killed, signalled};
use running::Running;
use traced::with_command;

use super::{Setting, disks, outcome::Outcome, shell};

/// Time limit of one step, for a busy machine under emulation.
const PATIENCE: Duration = Duration::from_secs(300);
/// Number of requests of the workload `log512`, all of which are misaligned and rejected.
const LOG512: u64 = 32;
/// A size that the head of a recording nearly fills.
const SMALL: &str = "12k";

/// Runs this part.
pub(super) fn run(setting: &Setting, outcome: &mut Outcome) -> anyhow::Result<()> {
    let Some(disk) = disks::VIRTIO_4096
        .find()
        .or_else(|| disks::NVME_4096.find())
    else {
        outcome.skip("commands", "this guest has no disk with 4096-byte blocks");
        return Ok(());
    };
    let directory = setting.work.join("commands");
    let full = directory.join("full");
    fs::create_dir_all(&full)?;
    let mount = format!("mount -t tmpfs -o size={SMALL} small $MNT");
    shell::script(&mount, &[("MNT", &full.to_string_lossy())])?;
    let bench = Bench {
        setting,
        workload: std::env::current_exe()?,
        disk,
        directory,
    };
    let done = checks(&bench, outcome);
    shell::script("umount $MNT", &[("MNT", &full.to_string_lossy())])?;
    done
}

/// Runs one trace after the other: attaching several at a time takes the kernel much longer.
fn checks(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let faulty = with_command(bench, outcome)?;
    let fixed = signalled(bench, outcome)?;
    compare(bench, outcome, &faulty, &fixed)?;
    verify(
        bench,
        outcome,
        "a faulty program",
        &bench.script("log512"),
        1,
    )?;
    full_disk(bench, outcome)?;
    if !bench.setting.full {
        outcome.skip(
            "commands: the rest",
            "only with --full, for it takes a minute",
        );
        return Ok(());
    }
    verify(
        bench,
        outcome,
        "a fixed program",
        &bench.script("aligned"),
        0,
    )?;
    verify(bench, outcome, "a program without direct I/O", "true", 3)?;
    duration(bench, outcome)?;
    closed_pipe(bench, outcome)?;
    killed(bench, outcome)
}

/// The setting of the checks.
struct Bench<'a> {
    setting: &'a Setting,
    workload: PathBuf,
    disk: String,
    directory: PathBuf,
}

impl Bench<'_> {
    fn start(&self, name: &str, arguments: &[&str]) -> anyhow::Result<Running> {
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
    fn run(&self, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
        let mut command = self.setting.tracer.command();
        let output = command.args(arguments).stdin(Stdio::null()).output()?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok((output.status.code(), text))
    }

    fn issue(&self, scenario: &str) -> anyhow::Result<()> {
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
    fn script(&self, scenario: &str) -> String {
        let workload = self.workload.display();
        format!(
            "{workload} workload scenario {scenario} {} > /dev/null",
            self.disk
        )
    }

    /// The numbers of direct and of misaligned requests in a recording; `None` where it cannot be
    /// read.
    fn counts(&self, recording: &Path) -> anyhow::Result<Option<(u64, u64)>> {
        let path = recording.to_string_lossy();
        let (code, text) = self.run(&["report", "--format", "jsonl", &path])?;
        if code != Some(0) {
            return Ok(None);
        }
        let rows = rows(&text);
        let sum = |misaligned: bool| {
            let rows = rows
                .iter()
                .filter(|row| !misaligned || row["verdict"] != "aligned");
            rows.filter_map(|row| row["count"].as_u64()).sum()
        };
        Ok(Some((sum(false), sum(true))))
    }
}

/// The rows of requests among JSON lines. Messages are among the lines as well.
fn rows(text: &str) -> Vec<Value> {
    let rows = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    rows.filter(|row| row.get("verdict").is_some()).collect()
}
