//! Runs the dio-trace under test: doctor, record, report.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use dio_trace_ebpf::words::{Interface, Operation};
use serde_json::Value;

use super::row::Row;

/// Time limit for loading the probes under emulation.
const PATIENCE: Duration = Duration::from_secs(300);

/// Number of rows to search back for the first piece of a read.
const REACH: usize = 64;

/// The program under test.
pub(super) struct Tracer {
    program: PathBuf,
    /// Environment variables that it runs with.
    variables: Vec<(&'static str, &'static str)>,
}

/// A running trace.
pub(super) struct Recording<'a> {
    tracer: &'a Tracer,
    child: Child,
    path: PathBuf,
}

/// A finished trace.
pub(super) struct Recorded {
    /// Its rows.
    pub(super) rows: Vec<Row>,
    /// Its summary.
    pub(super) summary: Value,
}

impl Tracer {
    pub(super) fn new(program: PathBuf) -> Self {
        Self {
            program,
            variables: Vec::new(),
        }
    }

    /// The same program with an environment variable.
    pub(super) fn with_variable(&self, name: &'static str, value: &'static str) -> Self {
        let mut variables = self.variables.clone();
        variables.push((name, value));
        Self {
            program: self.program.clone(),
            variables,
        }
    }

    /// Path of the program.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Starts a recording to `path`, and waits until the probes are attached.
    pub(super) fn record(&self, path: &Path, options: &[&str]) -> anyhow::Result<Recording<'_>> {
        let log = path.with_extension("log");
        // The file shows that the probes are attached, so an earlier one must not be there.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let child = self
            .command()
            .arg("record")
            .args(options)
            .arg("-o")
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        let mut recording = Recording {
            tracer: self,
            child,
            path: path.to_owned(),
        };
        recording.wait_until_attached(&log)?;
        Ok(recording)
    }

    /// A command that runs the program.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.envs(self.variables.iter().copied());
        command
    }

    fn ended(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        self.command()
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {}", self.program.display()))
    }

    /// Runs the program to its end, and returns its exit code and what it printed.
    ///
    /// # Errors
    /// When it cannot be run.
    pub(super) fn run(&self, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
        let output = self.ended(arguments)?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok((output.status.code(), text))
    }

    /// The rows of the requests in a recording; none where it cannot be read.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub(super) fn requests(&self, recording: &str) -> anyhow::Result<Vec<Value>> {
        let (_, text) = self.run(&["report", "--format", "jsonl", recording])?;
        Ok(requests_in(&text))
    }

    /// The output of the program for these arguments.
    ///
    /// # Errors
    /// When it cannot be run, or fails.
    pub(super) fn output(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        let output = self.ended(arguments)?;
        if output.stdout.is_empty() && !output.status.success() {
            bail!(
                "dio-trace {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(output.stdout)
    }
}

impl Recording<'_> {
    /// Whether the probes are attached: the recording then has its metadata, and so a length.
    fn wait_until_attached(&mut self, log: &Path) -> anyhow::Result<()> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if std::fs::metadata(&self.path).is_ok_and(|file| file.len() != 0) {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() {
                bail!(
                    "dio-trace record ended: {}",
                    std::fs::read_to_string(log)?.trim()
                );
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!(
            "dio-trace record did not attach: {}",
            std::fs::read_to_string(log)?.trim()
        );
    }

    /// Stops the recording and reads it.
    pub(super) fn stop(mut self) -> anyhow::Result<Recorded> {
        // SAFETY: the process is our child and was not waited for, so the id is its.
        unsafe { libc::kill(self.child.id() as libc::pid_t, libc::SIGINT) };
        let status = self.child.wait()?;
        if !status.success() && status.signal() != Some(libc::SIGINT) {
            let log = std::fs::read_to_string(self.path.with_extension("log"))?;
            bail!("dio-trace record ended with {status}: {}", log.trim());
        }
        let path = self.path.to_string_lossy().into_owned();
        let lines = self.path.with_extension("jsonl");
        let said = Command::new(&self.tracer.program)
            .args(["report", "--format", "jsonl", &path])
            .stdout(File::create(&lines)?)
            .status()?;
        if !said.success() {
            bail!("dio-trace report --format jsonl ended with {said}");
        }
        let mut rows = Vec::new();
        for line in BufReader::new(File::open(&lines)?).lines() {
            let line = line?;
            let undocumented = || format!("not a record of the documented form: {line}");
            let value: Value = serde_json::from_str(&line).with_context(undocumented)?;
            // A loss. These are taken from the summary.
            if value.get("loss_cause").is_none() {
                rows.push(serde_json::from_value(value).with_context(undocumented)?);
            }
        }
        let summary = self.tracer.output(&["report", "--format", "json", &path])?;
        let summary = serde_json::from_slice(&summary).context("report did not print JSON")?;
        let rows = join_continuations(rows);
        Ok(Recorded { rows, summary })
    }
}

/// Joins the rows of one request that `io_uring` read in several pieces. It continues a short read
/// by itself (`io_read`), and the probes see that as another request, which the program does not
/// know of.
fn join_continuations(rows: Vec<Row>) -> Vec<Row> {
    let mut joined: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        let first = joined.iter_mut().rev().take(REACH).find(|first| {
            let done = first.result.unwrap_or(0);
            let (Some(offset), Some(length)) = (first.offset, first.length) else {
                return false;
            };
            // On a raw device it does not continue, so this is another request.
            let raw = row
                .path
                .as_ref()
                .is_none_or(|path| path.starts_with("/dev/"));
            !raw && first.pid == row.pid
                && first.interface == Interface::IoUring
                && row.interface == Interface::IoUring
                && (first.operation, row.operation) == (Operation::Read, Operation::Read)
                && (1..length as i64).contains(&done)
                && row.offset == Some(offset + done as u64)
                && row.length == Some(length - done as u64)
        });
        match first {
            Some(first) => first.result = first.result.zip(row.result).map(|(a, b)| a + b.max(0)),
            None => joined.push(row),
        }
    }
    joined
}

impl Recorded {
    /// The total of all losses.
    pub(super) fn lost(&self) -> u64 {
        let losses = find(&self.summary, "losses").and_then(Value::as_object);
        let counts = losses.into_iter().flat_map(|causes| causes.values());
        counts.filter_map(Value::as_u64).sum()
    }

    /// The losses of the summary as text; empty for none.
    pub(super) fn losses(&self) -> String {
        match find(&self.summary, "losses") {
            Some(Value::Object(causes)) => causes
                .iter()
                .filter(|(_, count)| count.as_u64() != Some(0))
                .map(|(cause, count)| format!("{cause} {count}"))
                .collect::<Vec<_>>()
                .join(", "),
            Some(Value::Array(list)) if list.is_empty() => String::new(),
            Some(other) => other.to_string(),
            None => "the summary has no losses".to_owned(),
        }
    }
}

/// The first value with this key, at any depth.
fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Object(map) => map
            .get(key)
            .or_else(|| map.values().find_map(|inner| find(inner, key))),
        Value::Array(list) => list.iter().find_map(|inner| find(inner, key)),
        _ => None,
    }
}

/// The rows of requests among JSON lines. Messages are among the lines as well.
pub(super) fn requests_in(text: &str) -> Vec<Value> {
    let rows = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    rows.filter(|row| row.get("verdict").is_some()).collect()
}
