//! The description of a guest: its kernel, its machine, and the command that it runs.

use std::time::Duration;

use super::disk::{self, Disk};
use crate::setup::Kernel;

/// A guest before it is run.
pub(crate) struct Guest {
    /// Kernel to boot.
    pub(crate) kernel: Kernel,
    /// Disks, in this order.
    pub(crate) disks: Vec<Disk>,
    /// Memory, in the notation of QEMU's `-m`.
    pub(crate) memory: String,
    /// Number of processors; with `icount` they take turns, so more of them are not faster.
    pub(crate) cpus: u32,
    /// Whether one instruction takes one nanosecond.
    pub(crate) icount: bool,
    /// Time after which it is ended.
    pub(crate) timeout: Duration,
    /// More words for the kernel's command line.
    pub(crate) append: String,
    /// Program and arguments; empty for a shell on the console.
    pub(crate) command: Vec<String>,
}

impl Guest {
    /// A guest with the default disks that runs a shell.
    pub(crate) fn new(kernel: Kernel) -> Self {
        Self {
            kernel,
            disks: disk::default_set(),
            memory: "3G".to_owned(),
            cpus: 2,
            icount: false,
            timeout: Duration::from_secs(600),
            append: String::new(),
            command: Vec::new(),
        }
    }
}
