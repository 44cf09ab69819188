//! `dio-trace live`, which `dio-trace` alone runs on a terminal.

use std::io::{self, IsTerminal};

use clap::Args;

use crate::{
    cli::{Exit, Failure, FilterArguments, processes, replay, session},
    kernel::{Live, Needs, Options},
    tui,
};

/// Show a live dashboard of the direct I/O on this machine
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:\n  \
    dio-trace\n  \
    dio-trace live --disk nvme0n1 --verdict rejected --verdict buffered")]
pub(super) struct Arguments {
    /// Show the call stack of each request, in the program and in the kernel
    #[arg(long)]
    stacks: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
    #[command(flatten)]
    filters: FilterArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let log = session::logs_probes();
    if log && io::stderr().is_terminal() {
        return Err(Failure::input(
            "the probes' messages would overwrite the dashboard: send them to a file, for example \
             `dio-trace live 2> probes.log`",
        ));
    }
    let mut filter = arguments.filters.filter();
    processes::check(&filter.pid)?;
    let chosen = Options {
        // The probes follow these processes and their descendants.
        processes: std::mem::take(&mut filter.pid),
        stacks: arguments.stacks,
        log,
        ..Options::default()
    };
    let probes = session::attach(&chosen)?;
    // Before other threads are started: each thread has rights of its own.
    session::give_up_rights(Needs {
        stacks: arguments.stacks,
        files: true,
        command: false,
    });
    let runtime = replay::runtime()?;
    let shown = runtime.block_on(async {
        let source = Live::start(probes, &chosen).map_err(Failure::CannotTrace)?;
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
