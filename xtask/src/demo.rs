//! `cargo xtask demo`: shows programs that get direct I/O wrong, in a guest, while they run.

mod viewer;

use std::{fs::File, io::IsTerminal as _, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Args;

use self::viewer::{Show, Viewer};
use crate::{
    build::{self, Profile},
    paths, phase,
    setup::{self, Series},
    vm::{Disk, Guest},
};

/// Script that runs in the guest: it makes filesystems, then records the programs that it starts.
const SCRIPT: &str = "xtask/src/demo/guest.sh";
/// Time that the guest may take in addition to the programs: boot, filesystems, attaching.
const START_LIMIT: Duration = Duration::from_secs(300);

/// Show dio-trace at work, in a guest in which programs get direct I/O wrong
///
/// Boots a guest (kernel 6.1) with a disk of 4096-byte logical blocks. In it, a virtual machine
/// monitor reads its image in 512-byte pieces, a database appends 512-byte log blocks, a copy tool
/// falls back to the page cache without knowing, and fio does everything right. The recording is
/// streamed out of the guest while they run, into the dashboard, or into a report if there is no
/// terminal.
#[derive(Args)]
pub(crate) struct Demo {
    /// Kernel series of the guest, such as `7.3`: other kernels have other rules
    #[arg(long, default_value = "6.1", value_name = "SERIES")]
    kernel: Series,
    /// Seconds for which the programs run
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    seconds: u64,
    /// Print the report, even on a terminal
    #[arg(long)]
    report: bool,
    /// Write the final dashboard to this file as a picture (SVG); README's is
    /// dio-trace/dashboard.svg
    #[arg(long, value_name = "FILE", conflicts_with = "report")]
    screenshot: Option<PathBuf>,
    /// `release` takes longer to compile, and runs faster
    #[arg(long, value_enum, default_value_t = Profile::Dev)]
    profile: Profile,
}

impl Demo {
    /// # Errors
    /// When something cannot be installed or built, or the guest fails.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let kernel = setup::guests(&[self.kernel], false)?
            .pop()
            .context("no such kernel")?;
        let binary = build::build(self.profile)?;
        let log = paths::target()?.join("vm/demo.log");
        std::fs::create_dir_all(paths::target()?.join("vm"))?;
        let errors = File::create(&log).with_context(|| log.display().to_string())?;
        phase::say(format!(
            "booting a guest with Linux {} (10 to 20 s without KVM); its messages: {}",
            kernel.release,
            log.display()
        ));
        let guest = Guest {
            disks: disks()?,
            timeout: START_LIMIT + Duration::from_secs(self.seconds),
            command: vec![
                "bash".to_owned(),
                paths::workspace()?.join(SCRIPT).display().to_string(),
                binary.display().to_string(),
                std::env::current_exe()?.display().to_string(),
                self.seconds.to_string(),
            ],
            ..Guest::new(kernel)
        };
        let show = match self.screenshot {
            Some(file) => Show::Picture(file),
            None if std::io::stdout().is_terminal() && !self.report => Show::Dashboard,
            None => Show::Report,
        };
        let dashboard = matches!(show, Show::Dashboard);
        let viewer = Viewer::new(binary, show);
        let ran = guest.run(viewer.input(), errors);
        let seen = viewer.finish()?;
        // Leaving the dashboard ends the guest, which is not a failure.
        match ran {
            Ok(outcome) if outcome.status == 0 => Ok(seen),
            Err(_) if dashboard && seen == ExitCode::SUCCESS => Ok(seen),
            Ok(outcome) => {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                let lines: Vec<&str> = said.lines().collect();
                for line in &lines[lines.len().saturating_sub(20)..] {
                    eprintln!("  | {line}");
                }
                eprintln!(
                    "error: the demo's guest ended with status {}",
                    outcome.status
                );
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error),
        }
    }
}

fn disks() -> Result<Vec<Disk>> {
    ["virtio-blk:4096", "virtio-blk:512", "nvme:512"]
        .into_iter()
        .map(|disk| disk.parse().map_err(anyhow::Error::msg))
        .collect()
}
