//! Runs the suite in guests, several at a time.

use std::{
    io::stderr,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{findings::Findings, prefix::Prefix, report::Report};
use crate::{
    paths, phase,
    setup::{Kernel, Series},
    vm::{self, Guest},
};

const QUICK_LIMIT: Duration = Duration::from_secs(40 * 60);
const FULL_LIMIT: Duration = Duration::from_secs(80 * 60);

/// Kernels that also run the parts that depend little on the kernel: one without preemption and one
/// with it. With `--full` and `--only` everything runs on every kernel.
const THOROUGH: [Series; 2] = [Series { major: 6, minor: 1 }, Series { major: 7, minor: 3 }];

/// The options of the suite.
pub(super) struct Suite<'a> {
    pub(super) full: bool,
    pub(super) only: &'a [String],
    pub(super) jobs: usize,
    /// The directory that QEMU 5.2 is unpacked in.
    pub(super) older_qemu: Option<PathBuf>,
}

impl Suite<'_> {
    /// Runs the suite on every kernel. A guest that does not answer counts as one failure.
    ///
    /// # Errors
    /// When this checkout cannot be read.
    pub(super) fn run(&self, kernels: Vec<Kernel>, report: &mut Report) -> Result<()> {
        let program = paths::target()?.join("debug/xtask");
        let waiting = Mutex::new(kernels.into_iter());
        let report = Mutex::new(report);
        thread::scope(|scope| {
            for _ in 0..self.jobs {
                scope.spawn(|| {
                    while let Some(kernel) = next(&waiting) {
                        let (series, release) = (kernel.series, kernel.release.clone());
                        let started = Instant::now();
                        phase::say(format!("guest {release}"));
                        let command = self.command(&program, series);
                        let found = self.one(kernel.clone(), &command).or_else(|error| {
                            // Kernels that patch their own code sometimes crash under emulation
                            // with several processors, whatever runs in them.
                            if !error.to_string().contains(vm::ENDED_EARLY) {
                                return Err(error);
                            }
                            phase::say(format!("guest {release}: {error:#}; once more"));
                            self.one(kernel, &command)
                        });
                        phase::say(format!(
                            "guest {release}: {}",
                            phase::seconds(started.elapsed())
                        ));
                        if let Ok(mut report) = report.lock() {
                            report.guest(series, release, started.elapsed(), found);
                        }
                    }
                });
            }
        });
        Ok(())
    }

    fn command(&self, program: &Path, series: Series) -> Vec<String> {
        let mut command = vec![program.display().to_string(), "suite".to_owned()];
        command.extend(self.full.then(|| "--full".to_owned()));
        command.extend(
            self.only
                .iter()
                .flat_map(|only| ["--only".to_owned(), only.clone()]),
        );
        if let Some(directory) = &self.older_qemu {
            let directory = directory.display().to_string();
            command.extend(["--older-qemu".to_owned(), directory]);
        }
        let everything = self.full || !self.only.is_empty() || THOROUGH.contains(&series);
        command.extend((!everything).then(|| "--brief".to_owned()));
        command
    }

    fn one(&self, kernel: Kernel, command: &[String]) -> Result<Findings> {
        let name = kernel.series.to_string();
        let guest = Guest {
            timeout: if self.full { FULL_LIMIT } else { QUICK_LIMIT },
            command: command.to_vec(),
            ..Guest::new(kernel)
        };
        let mut output = Prefix::new(name.clone(), stderr());
        let outcome = guest.run(&mut output, Prefix::new(name.clone(), stderr()))?;
        for complaint in &outcome.complaints {
            phase::say(format!("the kernel of guest {name} said: {complaint}"));
        }
        Findings::in_output(&output.kept)?.with_context(|| {
            format!(
                "the suite ended with status {} and without a result",
                outcome.status
            )
        })
    }
}

fn next(waiting: &Mutex<impl Iterator<Item = Kernel>>) -> Option<Kernel> {
    waiting.lock().ok()?.next()
}
