//! `dio-trace record`: writes a trace to a file, until something ends it.

use std::{
    ffi::OsString,
    io::{self, IsTerminal},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;

use crate::{
    cli::{
        Exit, Failure, FilterArguments,
        command::exit_status,
        diagnostics::{StatusLine, say},
        parse_duration, parse_size,
        ready::{ReadyArguments, status},
        session::{End, Plan, Session},
    },
    findings::{Faults, Headline},
    kernel::Options,
    model::{Batch, Losses, Timestamp, printable},
    recording::{Files, Recorder, Room, Target},
    text,
};

/// Record direct I/O to a file or a pipe
///
/// Every direct request is counted. Misaligned and failed requests are recorded one by one, up to
/// 5,000 a second for each process; the excess is still counted. A recording can run for weeks:
/// --max-size and --rotate bound the space on disk.
///
/// With a command, only that command and its descendants are traced, from their first I/O, and the
/// exit status is the command's. With -o -, the command's output goes to standard error. Ctrl-C,
/// SIGTERM, SIGHUP, a full disk or a closed pipe end the recording with a complete file. If it is
/// killed in any other way, the file reads back up to the last second.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    dio-trace record -o trace.dio --duration 10m\n  \
    dio-trace record -o fio.dio -- fio --name=t --rw=randread --direct=1 --filename=/data/f\n  \
    dio-trace record -o /var/log/dio/trace.dio --max-size 64M --rotate 8\n  \
    ssh host dio-trace record -o - | dio-trace replay -")]
pub(super) struct Arguments {
    /// File to write, or - for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Stop after this time: 90s, 10m, 1h30m, 1d
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Record aligned requests one by one as well
    #[arg(long)]
    all: bool,
    /// Record the call stack of each request, in the program and in the kernel
    #[arg(long)]
    stacks: bool,
    /// Size at which a file is full: 500k, 64M, 2G. Recording then stops or, with --rotate, continues
    /// in a new file
    #[arg(long, value_name = "S", value_parser = parse_size)]
    max_size: Option<u64>,
    /// Keep this many older files, named FILE.1, FILE.2, ...
    #[arg(long, value_name = "N", requires = "max_size", default_value_t = 0)]
    rotate: u32,
    #[command(flatten)]
    ready: ReadyArguments,
    #[command(flatten)]
    filters: FilterArguments,
    /// Command to start and trace
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let target = target(&arguments)?;
    let has_command = !arguments.command.is_empty();
    let waiting = arguments.ready.waiting()?;
    let plan = Plan {
        options: Options {
            all: arguments.all,
            stacks: arguments.stacks,
            ..Options::default()
        },
        filters: arguments.filters,
        duration: arguments.duration,
        command: arguments.command,
        divert: matches!(target, Target::Stdout),
        files: matches!(target, Target::Files(_)),
    };
    let mut session = Session::start(plan)?;
    for lost in session.environment().not_seen() {
        say(&format!(
            "dio-trace: warning: not traced, because a probe could not be attached: {lost}. Run \
             `dio-trace doctor` for the reason"
        ));
    }
    let recorder = match Recorder::start(target, session.environment().clone()) {
        Ok(recorder) => recorder,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return unread(has_command),
        Err(error) => return Err(cannot_write(&arguments.output, error)),
    };
    waiting.tell(session.environment());
    let mut progress = Progress::new(recorder, arguments.ready.quiet);
    let end = session.run(|batch| progress.take(batch));
    progress.finish(&arguments.output)?;
    Ok(match end? {
        End::Command(status) => Exit::Command(exit_status(status)),
        _ => Exit::Good,
    })
}

fn target(arguments: &Arguments) -> Result<Target, Failure> {
    if arguments.output == Path::new("-") {
        if io::stdout().is_terminal() {
            return Err(Failure::input(
                "a recording is binary and standard output is a terminal: name a file with -o FILE, \
                 or pipe it into `dio-trace replay -`",
            ));
        }
        if arguments.max_size.is_some() {
            return Err(Failure::input(
                "--max-size needs a file, and -o - is a pipe",
            ));
        }
        return Ok(Target::Stdout);
    }
    let files = Files {
        path: arguments.output.clone(),
        max_size: arguments.max_size,
        keep: arguments.rotate,
    };
    files.check().map_err(Failure::input)?;
    Ok(Target::Files(files))
}

fn cannot_write(path: &Path, error: io::Error) -> Failure {
    let path = path.display();
    Failure::Input(anyhow::Error::new(error).context(format!("cannot write {path}")))
}

/// The reader was gone before the recording began. That is an error only if a command was to run.
fn unread(has_command: bool) -> Result<Exit, Failure> {
    if has_command {
        return Err(Failure::input(
            "the reader closed the pipe before the trace began; the command was not started",
        ));
    }
    say("dio-trace: stopped: the reader closed the pipe");
    Ok(Exit::Good)
}

/// The recording so far, and the numbers for the status line.
struct Progress {
    recorder: Option<Recorder>,
    failed: Option<io::Error>,
    full: bool,
    faults: Faults,
    losses: Losses,
    started: Instant,
    last: Timestamp,
    status: StatusLine,
    shown: Instant,
    quiet: bool,
}

impl Progress {
    fn new(recorder: Recorder, quiet: bool) -> Self {
        let now = Instant::now();
        Self {
            recorder: Some(recorder),
            failed: None,
            full: false,
            faults: Faults::default(),
            losses: Losses::default(),
            started: now,
            last: Timestamp::now(),
            status: StatusLine::new(),
            shown: now,
            quiet,
        }
    }

    fn take(&mut self, batch: Batch) -> io::Result<ControlFlow<()>> {
        for record in &batch.records {
            self.faults.add(record);
        }
        for loss in &batch.losses {
            self.losses.add(*loss);
        }
        self.last = batch.time;
        let Some(recorder) = &mut self.recorder else {
            return Ok(ControlFlow::Break(()));
        };
        match recorder.write(batch) {
            Ok(Room::Left) => {}
            Ok(Room::Full) => {
                self.full = true;
                return Ok(ControlFlow::Break(()));
            }
            Err(error) => {
                self.failed = Some(error);
                return Ok(ControlFlow::Break(()));
            }
        }
        if self.shown.elapsed() >= Duration::from_secs(1) {
            self.shown = Instant::now();
            let headline = self.headline().to_string();
            if !self.quiet {
                self.status
                    .show(&format!("recording: {headline} - Ctrl-C stops"));
            }
            status(&headline);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Ends the recording, and reports what it contains.
    fn finish(mut self, path: &Path) -> Result<(), Failure> {
        self.status.clear();
        let written = self.recorder.as_ref().map_or(0, Recorder::written);
        let finished = match self.recorder.take() {
            Some(recorder) if self.failed.is_none() => recorder.finish(self.last),
            _ => Ok(()),
        };
        let size = text::bytes(written);
        let name = if path == Path::new("-") {
            "standard output".to_owned()
        } else {
            printable(&path.display().to_string()).into_owned()
        };
        if !self.quiet {
            say(&format!("dio-trace: {}", self.headline()));
            say(&format!("dio-trace: {size} written to {name}"));
        }
        if self.full {
            say(
                "dio-trace: stopped: the file reached --max-size. Add --rotate N to continue in new files",
            );
        }
        if !self.losses.is_empty() {
            let losses: Vec<String> = self
                .losses
                .iter()
                .map(|loss| format!("{} {}", text::number(loss.count), loss.cause))
                .collect();
            say(&format!("dio-trace: lost: {}", losses.join(", ")));
        }
        match self.failed.map_or(finished, Err) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                say("dio-trace: stopped: the reader closed the pipe");
                Ok(())
            }
            Err(error) => Err(cannot_write(path, error)),
        }
    }

    fn headline(&self) -> Headline {
        Headline::of(&self.faults, self.started.elapsed(), &self.losses)
    }
}
