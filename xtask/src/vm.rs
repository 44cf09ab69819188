//! `cargo xtask vm`: a guest with a chosen kernel and chosen disks, on this machine's own root.

mod disk;
mod guest;
mod initramfs;
mod machine;
mod modules;
mod ports;

use std::{io, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Args;

pub(crate) use self::{
    disk::Disk,
    guest::{ENDED_EARLY, Guest},
};
use crate::{
    phase,
    setup::{self, Series},
};

/// Boot a guest and run a command in it as root
///
/// The guest's root is this machine's root, read-only over 9p below a tmpfs: programs, libraries and this checkout are
/// there under their own paths, and nothing it writes stays. The command starts in this checkout; its stdin is empty,
/// its stdout and stderr arrive here byte for byte while it runs, and its exit status becomes ours. `modprobe` loads
/// any module of the guest's kernel. Without a command, a shell on the console (leave it with `exit`).
///
/// Disks have stable names in the guest: `/dev/disk/by-dio/NAME`, and `$DIO_DISK_NAME` in capitals with `_`. NAME is
/// DRIVER-LBS, then DRIVER-LBS-2 and so on: `/dev/disk/by-dio/virtio-blk-4096`, `$DIO_DISK_VIRTIO_BLK_4096`.
#[derive(Args)]
pub(crate) struct Vm {
    /// Kernel series, e.g. `6.1`; fetched when missing
    kernel: Series,
    /// A disk: DRIVER is nvme, virtio-blk or virtio-scsi; LBS its logical block size in bytes (512); SIZE as 512M (1G).
    /// Repeatable. Without it: nvme:512 nvme:4096 virtio-blk:512 virtio-blk:4096 virtio-scsi:512
    #[arg(long = "disk", value_name = "DRIVER[:LBS[:SIZE]]")]
    disks: Vec<Disk>,
    /// Memory, as QEMU's -m takes it
    #[arg(long, default_value = "3G")]
    memory: String,
    /// Processors; 1 with --icount and else 2 where not given
    #[arg(long, value_name = "NUMBER")]
    cpus: Option<u32>,
    /// One instruction is one nanosecond of guest time: times repeat whatever this machine does. Several processors take
    /// turns
    #[arg(long)]
    icount: bool,
    /// Seconds until the guest is ended
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    timeout: u64,
    /// Further words for the kernel's command line
    #[arg(long, default_value = "", value_name = "WORDS")]
    append: String,
    /// The command and its arguments, run as they are: for a shell's syntax say `-- sh -c '...'`
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
