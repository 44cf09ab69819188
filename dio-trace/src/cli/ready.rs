//! Says that tracing has begun: on standard error, to a pipe, and to the service manager.

use std::{
    fs::File,
    io::Write,
    os::fd::{FromRawFd, RawFd},
};

use clap::Args;
use sd_notify::NotifyState;

use crate::{
    cli::{Failure, diagnostics::say},
    diagnose::kernels,
    model::Environment,
};

/// Flags for those who start a trace and wait for it.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct ReadyArguments {
    /// Write a line to this file descriptor and close it when tracing has begun
    #[arg(long, value_name = "N")]
    ready_fd: Option<RawFd>,
    /// Print only errors and warnings; of verify, also the headline
    #[arg(long)]
    pub(super) quiet: bool,
}

/// Everyone who waits for the trace.
pub(super) struct Waiting {
    quiet: bool,
    pipe: Option<File>,
}

impl ReadyArguments {
    /// Takes the descriptor, before a command could inherit it.
    pub(super) fn waiting(self) -> Result<Waiting, Failure> {
        let pipe = self.ready_fd.map(|number| {
            // SAFETY: takes no pointers, and fails for a number that is no descriptor.
            let known = unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } == 0;
            if number <= libc::STDERR_FILENO || !known {
                return Err(Failure::input(format!(
                    "--ready-fd {number}: not an open file descriptor above 2; for example \
                     `dio-trace record --ready-fd 3 -o FILE 3>ready`"
                )));
            }
            // SAFETY: it is open, and whoever gave us its number has given it to us.
            Ok(unsafe { File::from_raw_fd(number) })
        });
        Ok(Waiting {
            quiet: self.quiet,
            pipe: pipe.transpose()?,
        })
    }
}

impl Waiting {
    /// Says that tracing has begun. Nobody who waits can end the trace: failures are ignored.
    pub(super) fn tell(self, environment: &Environment) {
        let line = ready(environment);
        if !self.quiet {
            say(&format!("dio-trace: {line}"));
        }
        if let Some(mut pipe) = self.pipe {
            drop(pipe.write_all(b"READY=1\n"));
        }
        drop(sd_notify::notify(
            false,
            &[NotifyState::Ready, NotifyState::Status(&line)],
        ));
    }
}

/// Tells the service manager how the trace is going.
pub(super) fn status(line: &str) {
    drop(sd_notify::notify(false, &[NotifyState::Status(line)]));
}

/// What is traced, and how.
fn ready(environment: &Environment) -> String {
    let attached = environment.attachments.iter();
    let attached = attached.filter(|one| one.method.is_some()).count();
    let rules = environment.rule_set;
    format!(
        "tracing: {attached} of {} probes attached, alignment rules {rules} (kernels {})",
        environment.attachments.len(),
        kernels(rules)
    )
}
