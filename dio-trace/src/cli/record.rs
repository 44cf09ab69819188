//! `dio-trace record`.

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
        session::{End, Plan, Session},
    },
    kernel::Options,
    model::{Batch, Losses, Timestamp, Verdict, printable},
    recording::{Files, Recorder, Room, Target},
    store::Tally,
    text,
};

/// Trace direct I/O into a file or a pipe
///
/// Every direct request is counted; misaligned and failed ones are kept one by one, at most 5,000
/// a second for each process (the excess is still counted). It may run for weeks: with --max-size
/// and --rotate the space on disk is bounded.
///
/// With a command, only that command and its descendants are traced, from their first I/O; the
/// exit status is the command's. What it prints goes to standard error with -o -. Ctrl-C, SIGTERM,
/// SIGHUP, a full disk or a closed pipe end the recording with a whole file. Killed in any other
/// way, it reads back up to the last second.
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
    /// Stop after this time: 90s, 10m, 2h, 1d
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Keep aligned requests one by one as well
    #[arg(long)]
    all: bool,
    /// Keep the call stacks of programs and kernel with each request
    #[arg(long)]
    stacks: bool,
    /// Size at which a file is full: 500k, 64M, 2G. Recording then ends, or goes on in a new file
    /// with --rotate
    #[arg(long, value_name = "S", value_parser = parse_size)]
    max_size: Option<u64>,
    /// Keep this many older files, as FILE.1, FILE.2, ...
    #[arg(long, value_name = "N", requires = "max_size", default_value_t = 0)]
    rotate: u32,
    #[command(flatten)]
    filters: FilterArguments,
    /// Command to start and trace
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let target = target(&arguments)?;
    let has_command = !arguments.command.is_empty();
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
            "dio-trace: not seen, for want of a probe: {lost} (`dio-trace doctor` says why)"
        ));
    }
    let recorder = match Recorder::start(target, session.environment().clone()) {
        Ok(recorder) => recorder,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return unread(has_command),
        Err(error) => return Err(cannot_write(&arguments.output, error)),
    };
    let mut progress = Progress::new(recorder);
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
                "a recording is not for a terminal: name a file with -o FILE, or pipe it into \
                 `dio-trace replay -`",
            ));
        }
        if arguments.max_size.is_some() {
            return Err(Failure::input(
                "--max-size is for files, and -o - is a pipe",
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

/// The reader was gone before the recording began. No error by itself, but a command was to run.
fn unread(has_command: bool) -> Result<Exit, Failure> {
    if has_command {
        return Err(Failure::input(
            "the reader closed the pipe before the trace began; the command was not started",
        ));
    }
    say("dio-trace: ended, because the reader closed the pipe");
    Ok(Exit::Good)
}

/// What has been recorded so far.
struct Progress {
    recorder: Option<Recorder>,
    failed: Option<io::Error>,
    full: bool,
    tally: Tally,
    losses: Losses,
    started: Instant,
    last: Timestamp,
    status: StatusLine,
    shown: Instant,
}

impl Progress {
    fn new(recorder: Recorder) -> Self {
        let now = Instant::now();
        Self {
            recorder: Some(recorder),
            failed: None,
            full: false,
            tally: Tally::default(),
            losses: Losses::default(),
            started: now,
            last: Timestamp::now(),
            status: StatusLine::new(),
            shown: now,
        }
    }

    fn take(&mut self, batch: Batch) -> io::Result<ControlFlow<()>> {
        for record in &batch.records {
            self.tally.add(record);
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
        if self.status.is_active() && self.shown.elapsed() >= Duration::from_secs(1) {
            self.shown = Instant::now();
            let line = format!("recording: {} - Ctrl-C ends it", self.line());
            self.status.show(&line);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Ends the recording, and says what it holds.
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
        say(&format!("dio-trace: {} ({size}) to {name}", self.line()));
        if self.full {
            say("dio-trace: ended, because the file has reached --max-size; --rotate keeps on");
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
                say("dio-trace: ended, because the reader closed the pipe");
                Ok(())
            }
            Err(error) => Err(cannot_write(path, error)),
        }
    }

    fn line(&self) -> String {
        let tally = &self.tally;
        format!(
            "{} direct requests, {} misaligned, {} rejected, {} buffered in {}",
            text::number(tally.total().count),
            text::number(tally.misaligned().count),
            text::number(tally.verdict(Verdict::Rejected).count),
            text::number(tally.verdict(Verdict::Buffered).count),
            text::duration(self.started.elapsed()),
        )
    }
}
