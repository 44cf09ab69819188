//! `dio-trace verify`: runs a command, and fails if its direct I/O is misaligned.

use std::{ffi::OsString, io::Write, ops::ControlFlow, time::Duration};

use clap::Args;

use crate::{
    cli::{
        Exit, Failure, FilterArguments,
        command::exit_status,
        diagnostics::say,
        look, output, parse_duration,
        ready::ReadyArguments,
        session::{End, Plan, Session},
        word::word,
    },
    kernel::Options,
    model::Verdict,
    report::{Answer, Collector, Detail, answer, page},
};

/// Trace for a time or a command, and report by exit code whether all direct I/O was aligned
///
/// Exit code 0: every direct request was aligned (or failed for a reason other than alignment). 1:
/// some were accepted, buffered or rejected, and --allow did not permit it. 3: nothing was traced,
/// requests were lost, or the command failed, so the run cannot be called clean. Requests that may
/// damage data (`unchecked`) are never allowed. Probing is not a fault.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    dio-trace verify --duration 5m --comm mysqld\n  \
    dio-trace verify --allow accepted -- ./run-tests")]
pub(super) struct Arguments {
    /// Stop after this time: 90s, 10m, 1h30m
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Verdicts that are not a finding: accepted, buffered, rejected
    #[arg(
        long,
        value_name = "VERDICT",
        value_parser = word::<Verdict>(),
        num_args = 1..,
        hide_possible_values = true
    )]
    allow: Vec<Verdict>,
    #[command(flatten)]
    ready: ReadyArguments,
    #[command(flatten)]
    filters: FilterArguments,
    /// Command to start and trace
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    if arguments.duration.is_none() && arguments.command.is_empty() {
        return Err(Failure::input(
            "say how long to trace: `dio-trace verify --duration 5m` or `dio-trace verify -- COMMAND`",
        ));
    }
    let waiting = arguments.ready.waiting()?;
    let filter = arguments.filters.filter();
    let plan = Plan {
        options: Options::default(),
        filters: arguments.filters,
        duration: arguments.duration,
        command: arguments.command,
        divert: false,
        files: false,
    };
    let mut session = Session::start(plan)?;
    waiting.tell(session.environment());
    let mut collector = Collector::new(session.environment().clone());
    let end = session.run(|batch| {
        collector.add(&batch);
        Ok(ControlFlow::Continue(()))
    })?;
    let summary = collector.finish();
    let mut output = output::open(None)?;
    let text = if arguments.ready.quiet {
        format!("{}\n", summary.headline())
    } else {
        page(&summary, &filter, "verify", Detail::default()).text(look::look())
    };
    output.write_all(text.as_bytes())?;
    output.flush()?;
    if let End::Command(status) = end
        && !status.success()
    {
        say(&format!(
            "dio-trace: the command failed with status {}",
            exit_status(status)
        ));
        if answer(&summary, &arguments.allow) != Answer::Finding {
            return Ok(Exit::Inconclusive);
        }
    }
    Ok(match answer(&summary, &arguments.allow) {
        Answer::Clean => Exit::Good,
        Answer::Finding => Exit::Finding,
        Answer::Inconclusive => Exit::Inconclusive,
    })
}
