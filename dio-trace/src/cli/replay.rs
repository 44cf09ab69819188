//! `dio-trace replay`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::{
    cli::{Exit, Failure, FilterArguments},
    source::recording::Recording,
    tui::{self, Key, Reopen, Shot, Theme},
};

/// Show the dashboard over a recording, or over a stream as it comes
///
/// A file has a time line: it is read to its end, and from there one can go back, play, step and
/// change the speed. A stream shows what comes, and its last state when it ends.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    dio-trace replay trace.dio\n  \
    ssh host dio-trace record -o - | dio-trace replay -\n  \
    dio-trace replay trace.dio --screenshot 120x40 --keys 'Enter Enter'")]
pub(super) struct Arguments {
    /// Recording, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
    /// Print the screen of this size at the end of the recording, and do nothing else
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    screenshot: Option<(u16, u16)>,
    /// Keys pressed before the screenshot, as 'Enter f comm=fio Enter'
    #[arg(long, value_name = "KEYS", requires = "screenshot", default_value = "")]
    keys: String,
    /// Form of the screenshot
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

/// Forms of a screenshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Characters only
    Plain,
    /// With escape sequences for colours
    Ansi,
    /// A picture
    Svg,
}

/// Terminals are not larger; a screenshot of any size must not take all memory.
const LARGEST: u16 = 1_000;

/// Reads `80x24`.
fn size(text: &str) -> Result<(u16, u16), String> {
    let parsed = text.split_once('x').and_then(|(width, height)| {
        Some((width.parse::<u16>().ok()?, height.parse::<u16>().ok()?))
    });
    match parsed {
        Some((width @ 1..=LARGEST, height @ 1..=LARGEST)) => Ok((width, height)),
        _ => Err(format!(
            "write columns and lines up to {LARGEST}, as 120x40"
        )),
    }
}

/// The look that the environment asks for.
pub(super) fn theme() -> Theme {
    Theme::of_environment(|name| std::env::var(name).ok())
}

/// A runtime for the dashboard: the screen on one thread, reading beside it.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start")
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let source = Recording::open(&arguments.file)?;
    let runtime = runtime()?;
    match arguments.screenshot {
        Some(size) => runtime.block_on(screenshot(source, arguments, size))?,
        None => {
            let options = tui::Options {
                theme: theme(),
                filter: arguments.filters.filter(),
                mouse: !arguments.no_mouse,
                reopen: reopen(&arguments.file),
            };
            let shown = runtime.block_on(tui::run(source, options));
            // A read from a stream that stands still cannot be called off.
            runtime.shutdown_background();
            shown?;
        }
    }
    Ok(Exit::Good)
}

/// How to open the recording again; pipes and devices can be read only once.
fn reopen(file: &Path) -> Option<Reopen<Recording>> {
    let file = file.to_owned();
    let again = file.is_file();
    let open: Reopen<Recording> = Arc::new(move || Recording::open(&file));
    again.then_some(open)
}

async fn screenshot(
    source: Recording,
    arguments: &Arguments,
    size: (u16, u16),
) -> anyhow::Result<()> {
    let format = match arguments.format {
        Format::Plain => tui::Format::Plain,
        Format::Ansi => tui::Format::Ansi,
        Format::Svg => tui::Format::Svg,
    };
    // Pictures and colours are asked for by name: there is no terminal to ask what it can do.
    let theme = if arguments.format == Format::Plain {
        theme()
    } else {
        Theme::COLOUR
    };
    let keys = Key::parse(&arguments.keys);
    let shot = Shot {
        size,
        filter: arguments.filters.filter(),
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
