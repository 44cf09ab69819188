//! The probes' own messages, for finding faults in them.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result};
use aya::Ebpf;
use aya_log::EbpfLogger;
use log::{Log, Metadata, Record};
use tokio::io::{Interest, unix::AsyncFd};

/// The probes' messages on their way to standard error.
pub(in crate::kernel) struct ProbeLog(AsyncFd<EbpfLogger<Lines>>);

/// Standard error, one line for each message.
struct Lines;

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut error = io::stderr();
        // A status line may be there.
        let clear = if error.is_terminal() { "\r\x1b[K" } else { "" };
        // If nobody reads it, tracing goes on all the same.
        drop(writeln!(error, "{clear}probe: {}", record.args()));
    }

    fn flush(&self) {}
}

impl ProbeLog {
    /// Takes over the messages of probes that were loaded with
    /// [`Options::log`](crate::kernel::options::Options::log). Must be called inside a tokio runtime.
    pub(in crate::kernel) fn open(ebpf: &mut Ebpf) -> Result<Self> {
        let logger = EbpfLogger::init_with_logger(ebpf, Lines)
            .context("cannot read the messages of the probes")?;
        // SAFETY: the logger owns its ring buffer, which stays open as long as the logger lives.
        let logger = unsafe { AsyncFd::register_with_interest(logger, Interest::READABLE) };
        Ok(Self(logger.map_err(io::Error::from)?))
    }

    /// Prints messages when they arrive. Cancel safe.
    pub(in crate::kernel) async fn follow(&mut self) -> Result<()> {
        let mut ready = self.0.readable_mut().await?;
        ready.get_inner_mut().flush();
        ready.clear_ready();
        Ok(())
    }

    /// Prints the messages that have arrived.
    pub(in crate::kernel) fn flush(&mut self) {
        self.0.get_mut().flush();
    }
}
