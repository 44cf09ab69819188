//! `dio-trace replay`: the dashboard over a recording or a stream.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::{
    cli::{Exit, Failure, FilterArguments, recordings},
    source::recording::Recording,
    tui::{self, Key, Reopen, Shot, Theme},
};

/// Show the dashboard of a recording, or of a stream as it arrives
///
/// A file has a time line. It is read to its end; from there you can go back, play, step and change
/// the speed. A stream is shown as it arrives, and its last state remains when it ends.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    dio-trace replay trace.dio\n  \
    ssh host dio-trace record -o - | dio-trace replay -\n  \
    dio-trace replay trace.dio --screenshot 120x40 --keys 'Enter Enter'")]
pub(super) struct Arguments {
    /// Recordings (shown one after the other), directories of recordings, patterns such as 't.dio*', or -
    /// for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
    /// Print the screen in this size at the end of the recording, and exit
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    screenshot: Option<(u16, u16)>,
    /// Keys to press before the screenshot, such as 'Enter f comm=fio Enter'
    #[arg(long, value_name = "KEYS", requires = "screenshot", default_value = "")]
    keys: String,
    /// Screenshot format
    #[arg(
        long,
        value_name = "FORMAT",
        requires = "screenshot",
        default_value = "plain"
    )]
    format: Format,
    #[command(flatten)]
    filters: FilterArguments,
}

/// A screenshot format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Characters only
    Plain,
    /// With escape sequences for colours
    Ansi,
    /// A picture
    Svg,
}

/// Largest width or height of a screenshot, in cells: more than any terminal has, and little memory.
const LARGEST: u16 = 1_000;

/// Reads `80x24`.
fn size(text: &str) -> Result<(u16, u16), String> {
    let parsed = text.split_once('x').and_then(|(width, height)| {
        Some((width.parse::<u16>().ok()?, height.parse::<u16>().ok()?))
    });
    match parsed {
        Some((width @ 1..=LARGEST, height @ 1..=LARGEST)) => Ok((width, height)),
        _ => Err(format!(
            "write columns and lines up to {LARGEST}, such as 120x40"
        )),
    }
}

/// The theme that the environment asks for.
pub(super) fn theme() -> Theme {
    Theme::of_environment(|name| std::env::var(name).ok())
}

/// A runtime for the dashboard: one thread draws, another reads.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start")
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let files = recordings::files(&arguments.files)?;
    let source = Recording::open_all(&files)?;
    let runtime = runtime()?;
    match arguments.screenshot {
        Some(size) => runtime.block_on(screenshot(source, &files, arguments, size))?,
        None => {
            let options = tui::Options {
                theme: theme(),
                filter: arguments.filters.filter(),
                mouse: !arguments.no_mouse,
                reopen: reopen(&files),
            };
            let shown = runtime.block_on(tui::run(source, options));
            // A blocking read from an idle stream cannot be cancelled.
            runtime.shutdown_background();
            shown?;
        }
    }
    Ok(Exit::Good)
}

/// How to open the recordings again; `None` for pipes and devices, which can be read only once.
fn reopen(files: &[PathBuf]) -> Option<Reopen<Recording>> {
    let again = are_files(files);
    let files = files.to_vec();
    let open: Reopen<Recording> = Arc::new(move || Recording::open_all(&files));
    again.then_some(open)
}

fn are_files(files: &[PathBuf]) -> bool {
    files.iter().all(|file| file.is_file())
}

async fn screenshot(
    source: Recording,
    files: &[PathBuf],
    arguments: &Arguments,
    size: (u16, u16),
) -> anyhow::Result<()> {
    let format = match arguments.format {
        Format::Plain => tui::Format::Plain,
        Format::Ansi => tui::Format::Ansi,
        Format::Svg => tui::Format::Svg,
    };
    // The user named a format with colours, so they are used whatever the terminal can show.
    let theme = if arguments.format == Format::Plain {
        theme()
    } else {
        Theme::COLOUR
    };
    let keys = Key::parse(&arguments.keys);
    let shot = Shot {
        size,
        filter: arguments.filters.filter(),
        timeline: are_files(files),
        keys,
        theme,
        format,
    };
    let text = tui::screenshot(source, &shot).await?;
    let mut output = super::output::open(None)?;
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(())
}
