//! Observers of the requests: nobody, dio-trace, programs that do nothing, or bpftrace.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::{bpf::Empty, floor::Hooks, script};
use crate::workload::clock::{monotonic, process_time};

/// Longest time in which an observer must attach, nanoseconds of guest time.
const PATIENCE: u64 = 120_000_000_000;
/// Interval between checks whether it has attached.
const POLL: Duration = Duration::from_millis(1);
/// Time over which its idle cost is measured.
const IDLE: Duration = Duration::from_secs(2);

/// An observer, at work until it is dropped.
pub(super) struct Observer {
    kind: Kind,
    /// Nanoseconds from its start until it was attached.
    pub(super) start: u64,
    /// Its CPU time until then, nanoseconds.
    pub(super) start_cpu: u64,
    /// Its CPU time for each nanosecond without requests.
    pub(super) idle: f64,
}

enum Kind {
    Nobody,
    Floor { _programs: Vec<Empty> },
    Process { child: Child, output: PathBuf },
}

impl Observer {
    /// No observer.
    pub(super) const fn nobody() -> Self {
        Self {
            kind: Kind::Nobody,
            start: 0,
            start_cpu: 0,
            idle: 0.0,
        }
    }

    /// Programs that do nothing, at these hooks.
    ///
    /// # Errors
    /// When the kernel refuses one.
    pub(super) fn floor(hooks: &Hooks) -> Result<Self> {
        let started = monotonic();
        let programs = hooks.attach_empty()?;
        Ok(Self {
            kind: Kind::Floor {
                _programs: programs,
            },
            start: monotonic() - started,
            start_cpu: 0,
            idle: 0.0,
        })
    }

    /// `dio-trace record` into `output`.
    ///
    /// # Errors
    /// When it does not attach.
    pub(super) fn dio_trace(program: &Path, output: &Path) -> Result<Self> {
        Self::recording(Command::new(program), output)
    }

    /// The same with programs that are not folded (`program::optimise` of dio-trace).
    ///
    /// # Errors
    /// When it does not attach.
    pub(super) fn not_folded(program: &Path, output: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.env("DIO_TRACE_PLAIN_PROGRAMS", "1");
        Self::recording(command, output)
    }

    fn recording(mut command: Command, output: &Path) -> Result<Self> {
        command.arg("record").arg("-o").arg(output);
        let output = output.to_owned();
        // The recording has its metadata, and so a length, once the probes are attached.
        Self::process(&mut command, output.clone(), || {
            Ok(fs::metadata(&output).is_ok_and(|file| file.len() != 0))
        })
    }

    /// bpftrace, which classifies and counts at one pair of probes, and prints misaligned requests.
    ///
    /// # Errors
    /// When it does not attach.
    pub(super) fn bpftrace(output: &Path) -> Result<Self> {
        let mut command = Command::new("bpftrace");
        command.args(["-o"]).arg(output).args(["-e", script::PAIR]);
        Self::process(&mut command, output.to_owned(), script::is_attached)
    }

    fn process(
        command: &mut Command,
        output: PathBuf,
        attached: impl Fn() -> Result<bool>,
    ) -> Result<Self> {
        let log = output.with_extension("log");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let started = monotonic();
        let child = command.spawn();
        let child = child.with_context(|| format!("cannot run {:?}", command.get_program()))?;
        let mut observer = Self {
            kind: Kind::Process { child, output },
            start: 0,
            start_cpu: 0,
            idle: 0.0,
        };
        while !attached()? {
            let said = || fs::read_to_string(&log).unwrap_or_default();
            if let Kind::Process { child, .. } = &mut observer.kind
                && child.try_wait()?.is_some()
            {
                bail!("{:?} ended: {}", command.get_program(), said().trim());
            }
            if monotonic() - started > PATIENCE {
                bail!(
                    "{:?} did not attach: {}",
                    command.get_program(),
                    said().trim()
                );
            }
            std::thread::sleep(POLL);
        }
        observer.start = monotonic() - started;
        observer.start_cpu = observer.cpu()?;
        // Right after its start it does more than when it is idle.
        std::thread::sleep(IDLE);
        let (time, cpu) = (monotonic(), observer.cpu()?);
        std::thread::sleep(IDLE);
        observer.idle = (observer.cpu()? - cpu) as f64 / (monotonic() - time) as f64;
        Ok(observer)
    }

    /// CPU time of its process so far, over all threads, nanoseconds.
    ///
    /// # Errors
    /// When it has ended.
    pub(super) fn cpu(&self) -> io::Result<u64> {
        match &self.kind {
            Kind::Process { child, .. } => process_time(child.id()),
            Kind::Nobody | Kind::Floor { .. } => Ok(0),
        }
    }

    /// Number of times its process went to sleep so far, over all threads.
    ///
    /// # Errors
    /// When it has ended.
    pub(super) fn sleeps(&self) -> Result<u64> {
        let Some(pid) = self.pid() else {
            return Ok(0);
        };
        let mut total = 0;
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let text = fs::read_to_string(thread?.path().join("status"))?;
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            let count = line.and_then(|line| line.trim().parse::<u64>().ok());
            total += count.context("no voluntary_ctxt_switches")?;
        }
        Ok(total)
    }

    /// Process id; `None` where there is no process.
    pub(super) fn pid(&self) -> Option<u32> {
        match &self.kind {
            Kind::Process { child, .. } => Some(child.id()),
            Kind::Nobody | Kind::Floor { .. } => None,
        }
    }

    /// Ends it as Ctrl-C does, and returns the file that it wrote.
    ///
    /// # Errors
    /// When it fails.
    pub(super) fn stop(mut self) -> Result<PathBuf> {
        let Kind::Process { child, output } = &mut self.kind else {
            return Ok(PathBuf::new());
        };
        // SAFETY: the process is our child and was not waited for, so the id is its.
        unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) };
        child.wait()?;
        Ok(std::mem::take(output))
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        if let Kind::Process { child, .. } = &mut self.kind {
            // It has already ended, unless an error came in between.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
