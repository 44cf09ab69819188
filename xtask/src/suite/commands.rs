//! The commands as people and scripts use them: how a recording ends, what is in it then, and what
//! exit codes say.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde_json::Value;

use super::{Setting, disks, outcome::Outcome, shell};

/// How long anything may take on a busy machine under emulation.
const PATIENCE: Duration = Duration::from_secs(300);
/// Requests of the workload `log512`, all of them misaligned and rejected.
const LOG512: u64 = 32;
/// Room for a recording's head and not much more.
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

/// One trace after the other: to attach several at a time takes the kernel much longer.
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

/// What the checks work with.
struct Bench<'a> {
    setting: &'a Setting,
    workload: PathBuf,
    disk: String,
    directory: PathBuf,
}

/// A dio-trace that runs.
struct Running {
    child: Child,
    output: PathBuf,
    log: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only where a check has failed is there anything left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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

    /// Runs dio-trace to its end; its exit code and what it printed.
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

    /// The workload as a shell's words.
    fn script(&self, scenario: &str) -> String {
        let workload = self.workload.display();
        format!(
            "{workload} workload scenario {scenario} {} > /dev/null",
            self.disk
        )
    }

    /// Direct and misaligned requests of a recording; `None` where it cannot be read.
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

/// Rows of JSON lines that stand for requests; messages are among the lines, too.
fn rows(text: &str) -> Vec<Value> {
    let rows = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    rows.filter(|row| row.get("verdict").is_some()).collect()
}

impl Running {
    /// A recording has its head once the probes are attached.
    fn wait_until_attached(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if fs::metadata(&self.output).is_ok_and(|file| file.len() != 0) {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() {
                bail!("dio-trace record ended: {}", self.said());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("dio-trace record did not attach: {}", self.said())
    }

    fn signal(&self, signal: i32) {
        // SAFETY: the process is our child and was not waited for, so the id is its.
        unsafe { libc::kill(self.child.id() as libc::pid_t, signal) };
    }

    fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("dio-trace record did not end: {}", self.said())
    }

    fn said(&self) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        said.trim().replace('\n', "; ")
    }
}

/// A signal ends a recording; `--pid` means that process and its descendants.
fn signalled(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<PathBuf> {
    let this = std::process::id().to_string();
    let mut running = bench.start("fixed.dio", &["--pid", &this])?;
    running.wait_until_attached()?;
    bench.issue("aligned")?;
    running.signal(libc::SIGTERM);
    let (status, said) = (running.ended()?, running.said());
    let kept = bench.counts(&running.output)?;
    outcome.check(
        "commands: SIGTERM ends a recording of --pid and its descendants",
        status.success() && kept.is_some_and(|(all, misaligned)| all != 0 && misaligned == 0),
        format!("{status}, {kept:?} requests kept: {said}"),
    );
    Ok(running.output.clone())
}

fn full_disk(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let mut running = bench.start("full/full.dio", &[])?;
    running.wait_until_attached()?;
    let mut issued = 0;
    let started = Instant::now();
    while running.child.try_wait()?.is_none() && started.elapsed() < PATIENCE {
        bench.issue("log512")?;
        issued += LOG512;
        // Batches are written each second, so that this takes some rounds.
        std::thread::sleep(Duration::from_millis(300));
    }
    let (status, said) = (running.ended()?, running.said());
    let kept = bench.counts(&running.output)?;
    outcome.check(
        "commands: a full disk ends a recording with a whole file",
        status.code() == Some(2)
            && said.contains("cannot write")
            && kept.is_some_and(|(_, misaligned)| misaligned <= issued),
        format!("{status}, {kept:?} requests kept of {issued}: {said}"),
    );
    Ok(())
}

/// Kills one as soon as its file has a head, the next while files are rotated.
fn killed(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let mut early = bench.start("killed-early.dio", &[])?;
    early.wait_until_attached()?;
    early.signal(libc::SIGKILL);
    early.ended()?;
    let mut late = bench.start("killed.dio", &["--max-size", "12k", "--rotate", "2"])?;
    late.wait_until_attached()?;
    let part = bench.directory.join("killed.dio.1");
    let started = Instant::now();
    while !part.exists() && started.elapsed() < PATIENCE {
        bench.issue("log512")?;
    }
    bench.issue("log512")?;
    late.signal(libc::SIGKILL);
    late.ended()?;
    let first = bench.counts(&early.output)?;
    let (last, rotated) = (bench.counts(&late.output)?, bench.counts(&part)?);
    outcome.check(
        "commands: after kill -9 every file reads",
        first.is_some() && last.is_some() && rotated.is_some(),
        format!("at its start {first:?}, rotated {rotated:?}, last {last:?}"),
    );
    Ok(())
}

fn duration(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let mut running = bench.start("timed.dio", &["--duration", "1s"])?;
    let (status, said) = (running.ended()?, running.said());
    let kept = bench.counts(&running.output)?;
    outcome.check(
        "commands: --duration ends a recording",
        status.success() && kept.is_some(),
        format!("{status}: {said}"),
    );
    Ok(())
}

fn closed_pipe(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let log = bench.directory.join("piped.log");
    let mut command = bench.setting.tracer.command();
    let mut running = Running {
        child: command
            .args(["record", "-o", "-"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()?,
        output: PathBuf::new(),
        log,
    };
    let mut pipe = running.child.stdout.take().context("no pipe")?;
    pipe.read_exact(&mut [0; 1024])?;
    drop(pipe);
    let (status, said) = (running.ended()?, running.said());
    outcome.check(
        "commands: a closed pipe ends a recording",
        status.success(),
        format!("{status}: {said}"),
    );
    Ok(())
}

/// A command that is traced: whose requests, which exit status.
fn with_command(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<PathBuf> {
    // A child and a grandchild.
    let script = bench.script("log512");
    let nested = format!("{script}; (sh -c '{script}; exit 3'); exit 7");
    let mut running = bench.start("faulty.dio", &["--stacks", "--", "sh", "-c", &nested])?;
    let (status, said) = (running.ended()?, running.said());
    let kept = bench.counts(&running.output)?;
    outcome.check(
        "commands: record -- COMMAND follows descendants from their first request",
        kept == Some((2 * LOG512, 2 * LOG512)),
        format!("{kept:?} requests kept of {}: {said}", 2 * LOG512),
    );
    outcome.check(
        "commands: record -- COMMAND passes the exit status on",
        status.code() == Some(7),
        format!("{status}"),
    );
    stacks(bench, outcome, &running.output)?;
    Ok(running.output.clone())
}

/// Two real recordings, in both orders.
fn compare(
    bench: &Bench<'_>,
    outcome: &mut Outcome,
    faulty: &Path,
    fixed: &Path,
) -> anyhow::Result<()> {
    let (faulty, fixed) = (faulty.to_string_lossy(), fixed.to_string_lossy());
    let (better, text) = bench.run(&["compare", &faulty, &fixed])?;
    let (worse, _) = bench.run(&["compare", &fixed, &faulty])?;
    outcome.check(
        "commands: compare tells a fixed program from a broken one",
        (better, worse) == (Some(0), Some(1)),
        format!(
            "fixed {better:?}, broken {worse:?}: {}",
            text.lines().next().unwrap_or_default()
        ),
    );
    Ok(())
}

fn verify(
    bench: &Bench<'_>,
    outcome: &mut Outcome,
    what: &str,
    script: &str,
    expected: i32,
) -> anyhow::Result<()> {
    let (code, text) = bench.run(&["verify", "--", "sh", "-c", script])?;
    outcome.check(
        format!("commands: verify of {what} exits with {expected}"),
        code == Some(expected),
        format!("{code:?}: {}", text.lines().next().unwrap_or_default()),
    );
    Ok(())
}

/// Every request says where it came from in the kernel, and in the program at least by addresses:
/// whether those have names depends on how the program was built and how long it lives.
fn stacks(bench: &Bench<'_>, outcome: &mut Outcome, recording: &Path) -> anyhow::Result<()> {
    let path = recording.to_string_lossy();
    let (_, text) = bench.run(&["report", "--format", "jsonl", &path])?;
    let rows = rows(&text);
    let frames = |row: &Value, side: &str| -> Vec<String> {
        let frames = row[side].as_array().into_iter().flatten();
        let frames = frames.filter_map(|frame| frame.as_str().map(str::to_owned));
        frames.collect()
    };
    let whole = rows.iter().filter(|row| {
        let kernel = frames(row, "kernel_stack");
        let entry = kernel.iter().any(|frame| frame.contains("sys_pwrite64+"));
        entry && !frames(row, "user_stack").is_empty()
    });
    let whole = whole.count();
    let first = rows.first();
    outcome.check(
        "commands: record --stacks names the functions of every request",
        whole == rows.len() && whole != 0,
        format!(
            "{whole} of {} requests; first {:?} in {:?}",
            rows.len(),
            first
                .map(|row| frames(row, "user_stack"))
                .unwrap_or_default(),
            first
                .map(|row| frames(row, "kernel_stack"))
                .unwrap_or_default(),
        ),
    );
    Ok(())
}
