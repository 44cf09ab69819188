//! `dio-trace compare`: whether a change helped, by a recording before it and one after it.

use std::path::PathBuf;

use clap::Args;

use crate::{
    cli::{Exit, Failure, FilterArguments, format::Format, recordings},
    compare::{Comparison, Outcome, text},
    filter::Filter,
    report::Summary,
};

/// Check whether a change helped: faults per 1,000 direct requests, before and after
///
/// Exit code 0: nothing is new or worse. 1: something is. 3: the recordings cannot answer the
/// question, because too little was seen, requests were lost, or the recordings are from different
/// disks.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  dio-trace compare before.dio after.dio || echo regression")]
pub(super) struct Arguments {
    /// Recording made before the change; a directory or a pattern such as 't.dio*' means all in it
    before: PathBuf,
    /// Recording made after the change, likewise
    after: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    filters: FilterArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let filter = arguments.filters.filter();
    let before = summary(&arguments.before, &filter)?;
    let after = summary(&arguments.after, &filter)?;
    let comparison = Comparison::of(&before, &after);
    arguments.format.print(&comparison, text)?;
    Ok(match comparison.outcome() {
        Outcome::Good => Exit::Good,
        Outcome::Finding => Exit::Finding,
        Outcome::Inconclusive => Exit::Inconclusive,
    })
}

fn summary(name: &PathBuf, filter: &Filter) -> Result<Summary, Failure> {
    let files = recordings::files(std::slice::from_ref(name))?;
    let summary = Summary::of_all(recordings::readers(&files), filter).map_err(Failure::input)?;
    recordings::warn(summary.ending, &name.display().to_string());
    Ok(summary)
}
