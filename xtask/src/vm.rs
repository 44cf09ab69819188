//! `cargo xtask vm`: runs a guest with a chosen kernel and chosen disks, on this machine's own
//! root.
//!
//! Not by virtme-ng or vmtest, which want 9p built into the kernel or an agent in the guest: these
//! kernels are distributions' own, with modules, and time and disks are as the tests choose.

mod disk;
mod guest;
mod initramfs;
mod machine;
mod modules;
mod ports;
mod running;

use std::{io, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Args;

pub(crate) use self::{disk::Disk, guest::Guest, running::ENDED_EARLY};
use crate::{
    phase,
    setup::{self, Series},
};

/// Boot a guest and run a command in it as root
///
/// The guest's root is this machine's root, read-only over 9p under a tmpfs: programs, libraries
/// and this checkout are there under their own paths, and nothing that it writes remains. The
/// command starts in this checkout. Its stdin is empty, its stdout and stderr arrive here byte for
/// byte while it runs, and its exit status becomes ours. `modprobe` loads any module of the guest's
/// kernel. Without a command, you get a shell on the console (leave it with `exit`).
///
/// Disks have stable names in the guest: `/dev/disk/by-dio/NAME`, and `$DIO_DISK_NAME` in capitals
/// with `_`. NAME is DRIVER-LBS, then DRIVER-LBS-2 and so on: `/dev/disk/by-dio/virtio-blk-4096`,
/// `$DIO_DISK_VIRTIO_BLK_4096`.
#[derive(Args)]
pub(crate) struct Vm {
    /// Kernel series, such as `6.1`; fetched if missing
    kernel: Series,
    /// A disk: DRIVER is nvme, virtio-blk or virtio-scsi; LBS its logical block size in bytes
    /// (default 512); SIZE such as 512M (default 1G). Repeatable. By default: nvme:512 nvme:4096
    /// virtio-blk:512 virtio-blk:4096 virtio-scsi:512
    #[arg(long = "disk", value_name = "DRIVER[:LBS[:SIZE]]")]
    disks: Vec<Disk>,
    /// Memory, in the notation of QEMU's -m
    #[arg(long, default_value = "3G")]
    memory: String,
    /// Number of processors; by default 1 with --icount, otherwise 2
    #[arg(long, value_name = "NUMBER")]
    cpus: Option<u32>,
    /// Let one instruction take one nanosecond of guest time, so times repeat whatever else this
    /// machine does. Several processors take turns
    #[arg(long)]
    icount: bool,
    /// Seconds after which the guest is ended
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    timeout: u64,
    /// More words for the kernel's command line
    #[arg(long, default_value = "", value_name = "WORDS")]
    append: String,
    /// The command and its arguments, without a shell: for shell syntax use `-- sh -c '...'`
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Vm {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let kernel = setup::guests(&[self.kernel], false)?
            .pop()
            .context("no such kernel")?;
        let guest = Guest {
            disks: if self.disks.is_empty() {
                disk::default_set()
            } else {
                self.disks
            },
            memory: self.memory,
            cpus: self.cpus.unwrap_or(if self.icount { 1 } else { 2 }),
            icount: self.icount,
            timeout: Duration::from_secs(self.timeout),
            append: self.append,
            command: self.command,
            ..Guest::new(kernel)
        };
        let outcome = guest.run(io::stdout(), io::stderr())?;
        for complaint in &outcome.complaints {
            phase::say(format!("the guest's kernel said: {complaint}"));
        }
        Ok(ExitCode::from(outcome.status))
    }
}
