//! `dio-trace live`, also what `dio-trace` alone does on a terminal.

use clap::Args;

use crate::{
    cli::{Exit, Failure, FilterArguments, replay},
    kernel::{self, Live},
    tui,
};

/// Show the dashboard over the running kernel
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:\n  \
    dio-trace\n  \
    dio-trace live --disk nvme0n1 --verdict rejected --verdict buffered")]
pub(super) struct Arguments {
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
    #[command(flatten)]
    filters: FilterArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let runtime = replay::runtime()?;
    let shown = runtime.block_on(async {
        let source = Live::start(&kernel::Options::default()).map_err(Failure::CannotTrace)?;
        let options = tui::Options {
            theme: replay::theme(),
            filter: arguments.filters.filter(),
            mouse: !arguments.no_mouse,
            reopen: None,
        };
        tui::run(source, options).await.map_err(Failure::Input)
    });
    runtime.shutdown_background();
    shown.map(|()| Exit::Good)
}
