//! One live trace: probes and perhaps a command, until something ends it.

use std::{
    ffi::OsString, future::pending, io, ops::ControlFlow, process::ExitStatus, time::Duration,
};

use anyhow::Context;
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, sleep_until},
};

use crate::{
    cli::{
        Failure, FilterArguments,
        command::{HeldChild, Running},
        diagnostics::say,
        processes,
    },
    filter::Filter,
    kernel::{Live, Needs, Options, Probes, State, keep_only, preflight},
    model::{Batch, Environment},
    source::EventSource,
};

/// Name of the environment variable that has the probes print what they see.
const PROBE_LOG: &str = "DIO_TRACE_PROBE_LOG";

/// The settings of one trace: what to trace, and for how long.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) options: Options,
    pub(super) filters: FilterArguments,
    pub(super) duration: Option<Duration>,
    pub(super) command: Vec<OsString>,
    /// Whether the command's standard output becomes our standard error, because ours is the recording.
    pub(super) divert: bool,
    /// Whether files are created during the trace.
    pub(super) files: bool,
}

/// The reason why a trace ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// `--duration` was over.
    Duration,
    /// A signal arrived.
    Signal,
    /// The command ended.
    Command(ExitStatus),
    /// The consumer of the batches wants no more.
    Enough,
}

/// A trace that is set up, and the runtime that it needs.
pub(super) struct Session {
    trace: Trace,
    runtime: Runtime,
}

struct Trace {
    live: Live,
    filter: Filter,
    duration: Option<Duration>,
    held: Option<HeldChild>,
    command: Option<Running>,
    signals: Signals,
}

impl Session {
    /// Attaches the probes and forks the command, which then waits for [`run`](Self::run).
    pub(super) fn start(plan: Plan) -> Result<Self, Failure> {
        let mut options = plan.options;
        let mut filter = plan.filters.filter();
        let filters = filter.conditions();
        processes::check(&filter.pid)?;
        // The probes follow these processes and their descendants. Comparing ids here as well would drop
        // the descendants.
        options.processes = std::mem::take(&mut filter.pid);
        options.command = !plan.command.is_empty();
        options.log = logs_probes();
        let probes = attach(&options)?;
        // Before rights are given up: the command keeps them.
        let mut held = None;
        if options.command {
            let child = HeldChild::fork(&plan.command, plan.divert);
            held = Some(child.context("cannot start the command")?);
        }
        give_up_rights(Needs {
            stacks: options.stacks,
            files: plan.files,
            command: options.command,
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let inside = runtime.enter();
        let mut live = Live::start(probes, &options).map_err(Failure::CannotTrace)?;
        let environment = live.environment_mut();
        environment.filters = filters;
        if let Some(held) = &held {
            let words = plan
                .command
                .iter()
                .map(|word| word.to_string_lossy().into_owned());
            environment.traced_command = Some(words.collect());
            live.trace_process(held.pid)?;
        }
        let signals = Signals::new().context("cannot wait for signals")?;
        drop(inside);
        let trace = Trace {
            live,
            filter,
            duration: plan.duration,
            held,
            command: None,
            signals,
        };
        Ok(Self { trace, runtime })
    }

    /// Where and how this trace is taken.
    pub(super) fn environment(&self) -> &Environment {
        self.trace.live.environment()
    }

    /// Starts the command and hands every batch to `take` until the trace ends. The last batch holds
    /// everything that was left.
    pub(super) fn run(
        &mut self,
        take: impl FnMut(Batch) -> io::Result<ControlFlow<()>>,
    ) -> Result<End, Failure> {
        self.runtime.block_on(self.trace.run(take))
    }
}

impl Trace {
    async fn run(
        &mut self,
        mut take: impl FnMut(Batch) -> io::Result<ControlFlow<()>>,
    ) -> Result<End, Failure> {
        if let Some(held) = self.held.take() {
            self.command = Some(held.go().context("cannot start the command")?);
        }
        let deadline = self.duration.map(|duration| Instant::now() + duration);
        loop {
            let end = tokio::select! {
                biased;
                asked = self.signals.next() => self.asked(asked),
                status = ended(&mut self.command) => Some(End::Command(status?)),
                () = over(deadline) => Some(self.time_is_over()),
                batch = self.live.next_batch() => {
                    let Some(batch) = batch? else { return Ok(End::Enough) };
                    let batch = self.filtered(batch);
                    take(batch)?.is_break().then_some(End::Enough)
                }
            };
            let Some(end) = end else { continue };
            if end == End::Enough {
                return self.outlast(deadline).await;
            }
            let last = self.live.drain()?;
            let last = self.filtered(last);
            let _ = take(last)?;
            return Ok(end);
        }
    }

    /// Waits for the command after the consumer has had enough: the command must not outlive us, and its
    /// status is our exit code.
    async fn outlast(&mut self, deadline: Option<Instant>) -> Result<End, Failure> {
        if self.command.is_some() {
            say("dio-trace: the trace has ended; waiting for the command");
        }
        while self.command.is_some() {
            let end = tokio::select! {
                biased;
                asked = self.signals.next() => self.asked(asked),
                status = ended(&mut self.command) => Some(End::Command(status?)),
                () = over(deadline) => Some(self.time_is_over()),
            };
            if let Some(end) = end {
                return Ok(end);
            }
        }
        Ok(End::Enough)
    }

    fn time_is_over(&self) -> End {
        if let Some(command) = &self.command {
            command.signal(libc::SIGTERM);
        }
        End::Duration
    }

    /// Handles a signal. With a command, the first signal is passed on to it, and its end then ends the
    /// trace; a second signal ends the trace at once. SIGINT is not passed on: the terminal has sent it to
    /// the command as well.
    fn asked(&mut self, asked: Asked) -> Option<End> {
        let Some(command) = &self.command else {
            return Some(End::Signal);
        };
        if asked.before {
            return Some(End::Signal);
        }
        if asked.signal != libc::SIGINT {
            command.signal(asked.signal);
        }
        None
    }

    fn filtered(&self, mut batch: Batch) -> Batch {
        if !self.filter.is_empty() {
            batch.records.retain(|record| self.filter.matches(record));
        }
        batch
    }
}

/// Whether the probes shall print on standard error what they see.
pub(super) fn logs_probes() -> bool {
    std::env::var_os(PROBE_LOG).is_some_and(|value| !value.is_empty())
}

/// Attaches the probes. The error of a failure says what about this machine is in the way.
pub(super) fn attach(options: &Options) -> Result<Probes, Failure> {
    let missing: Vec<String> = preflight()
        .into_iter()
        .filter(|check| check.state == State::Missing)
        .map(|check| check.to_string())
        .collect();
    if let Some(first) = missing.first() {
        return Err(Failure::CannotTrace(anyhow::anyhow!(
            "cannot trace here: {first}"
        )));
    }
    Probes::attach(options).map_err(|error| {
        let limited: Vec<String> = preflight()
            .into_iter()
            .filter(|check| check.state == State::Limited)
            .map(|check| format!("\n{check}"))
            .collect();
        Failure::CannotTrace(anyhow::anyhow!(
            "cannot trace here: {error:#}{}\n`dio-trace doctor` shows every probe and check",
            limited.concat()
        ))
    })
}

/// Keeps only the rights that are needed from now on. Where they cannot be dropped, it warns and goes on.
pub(super) fn give_up_rights(needs: Needs) {
    if let Err(error) = keep_only(needs) {
        say(&format!("dio-trace: {error:#}"));
    }
}

async fn ended(command: &mut Option<Running>) -> io::Result<ExitStatus> {
    match command {
        Some(command) => command.ended().await,
        None => pending().await,
    }
}

async fn over(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

/// Receives the signals that end a trace.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    before: bool,
}

/// A signal that arrived.
#[derive(Clone, Copy, Debug)]
struct Asked {
    signal: i32,
    /// Whether another one arrived before it.
    before: bool,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            before: false,
        })
    }

    async fn next(&mut self) -> Asked {
        let signal = tokio::select! {
            _ = self.interrupt.recv() => libc::SIGINT,
            _ = self.terminate.recv() => libc::SIGTERM,
            _ = self.hangup.recv() => libc::SIGHUP,
        };
        Asked {
            signal,
            before: std::mem::replace(&mut self.before, true),
        }
    }
}
