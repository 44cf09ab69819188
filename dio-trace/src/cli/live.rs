//! `dio-trace live`, also what `dio-trace` alone does on a terminal.

use clap::Args;

use crate::{
    cli::{Exit, Failure, FilterArguments, replay, session},
    kernel::Options,
    tui,
};

/// Show the dashboard over the running kernel
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:\n  \
    dio-trace\n  \
    dio-trace live --disk nvme0n1 --verdict rejected --verdict buffered")]
pub(super) struct Arguments {
    /// Show the call stacks of programs and kernel with each request
    #[arg(long)]
    stacks: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
    #[command(flatten)]
    filters: FilterArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let runtime = replay::runtime()?;
    let shown = runtime.block_on(async {
        let mut filter = arguments.filters.filter();
        // The probes follow these processes and their descendants.
        let processes = std::mem::take(&mut filter.pid);
        let source = session::attach(&Options {
            processes,
            stacks: arguments.stacks,
            ..Options::default()
        })?;
        let options = tui::Options {
            theme: replay::theme(),
            filter,
            mouse: !arguments.no_mouse,
            reopen: None,
        };
        tui::run(source, options).await.map_err(Failure::Input)
    });
    runtime.shutdown_background();
    shown.map(|()| Exit::Good)
}
