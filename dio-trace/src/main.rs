//! The `dio-trace` command: parses, dispatches, and turns the outcome into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    dio_trace::cli::run(std::env::args_os())
}
