//! `xtask scale-guest`: whether costs and memory stay the same with many processes, files and
//! processors. This is the part that runs inside a guest.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use super::{
    crowd::{Crowd, LENGTH, Round},
    guest::{self, DIRECTORY},
    measure, memory,
    observer::Observer,
    results::{Cost, Results, Row, Spread, Unit},
};
use crate::{command, phase, suite::shell, workload::clock::monotonic};

/// The two crowds that are compared.
const FEW: Size = Size {
    processes: 1,
    files: 1,
};
const MANY: Size = Size {
    processes: 1_000,
    files: 100,
};
/// Files in one directory.
const DIRECTORY_FILES: usize = 1_000;

const READ: Round = Round {
    times: 1,
    askew: 0,
    result: LENGTH as i64,
};
/// XFS on `null_blk` refuses it: its dma alignment is 511.
const MISALIGNED: Round = Round {
    times: 1,
    askew: 4,
    result: -(libc::EINVAL as i64),
};

const MAKE: &str = r#"
PATH=$PATH:/usr/sbin:/sbin
modprobe null_blk nr_devices=0
modprobe xfs
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
disk=/sys/kernel/config/nullb/nullb0
mkdir $disk
echo 2048 > $disk/size
echo 512 > $disk/blocksize
echo 1 > $disk/memory_backed
echo 1 > $disk/power
mkfs.xfs -qf /dev/nullb0
mkdir -p /run/bench/crowd
mount -t xfs -o noatime /dev/nullb0 /run/bench/crowd
"#;
/// Leaves nothing to be written back, and no file in the page cache.
const SETTLE: &str =
    "sync; echo 3 > /proc/sys/vm/drop_caches; echo 0 > /proc/sys/vm/dirty_writeback_centisecs";

/// Measure what many processes, files and processors cost; inside a guest, as root
#[derive(Args)]
pub(crate) struct ScaleGuest {
    /// The dio-trace to measure
    dio_trace: PathBuf,
}

/// The size of a crowd.
#[derive(Clone, Copy)]
struct Size {
    processes: usize,
    /// Number of files of each process.
    files: usize,
}

impl ScaleGuest {
    /// Prints the results as JSON. Costs are measured only on one processor: where several take
    /// turns, the time of a thread includes that of others.
    ///
    /// # Errors
    /// When anything cannot be measured.
    pub(crate) fn run(&self) -> Result<()> {
        let program = guest::prepare(&self.dio_trace)?;
        let files = phase::timed("files", make)?;
        let mut results = guest::results()?;
        let processors = thread::available_parallelism()?.get();
        if processors == 1 {
            phase::timed("costs", || costs(&program, &files, &mut results))?;
        }
        phase::timed("all at once", || {
            all_at_once(&program, &files, processors, &mut results)
        })?;
        guest::print(&results)
    }
}

/// Makes as many files as the larger crowd has.
fn make() -> Result<Vec<PathBuf>> {
    shell::script(MAKE, &[])?;
    // As long as one read.
    let data = [7; LENGTH];
    let mut files = Vec::new();
    for number in 0..MANY.processes * MANY.files {
        let directory = format!("/run/bench/crowd/table-{}", number / DIRECTORY_FILES);
        if number % DIRECTORY_FILES == 0 {
            fs::create_dir(&directory)?;
        }
        let path = PathBuf::from(directory).join(format!("segment-{number}.data"));
        fs::write(&path, data).with_context(|| path.display().to_string())?;
        files.push(path);
    }
    shell::script(SETTLE, &[])?;
    Ok(files)
}

impl Size {
    fn crowd(self, files: &[PathBuf]) -> Result<Crowd> {
        Crowd::new(files.chunks(self.files).take(self.processes))
    }

    /// Number of reads in one round.
    fn reads(self, round: Round) -> f64 {
        (self.processes * self.files * usize::from(round.times)) as f64
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { processes, files } = self;
        write!(
            formatter,
            "processes: {processes}, files: {}",
            processes * files
        )
    }
}

/// One row: rounds of the same reads by one crowd.
struct Step {
    name: &'static str,
    round: Round,
    rounds: u32,
}

/// The rows in this order, because the tracer sees a file for the first time at its first read.
const fn steps(times: u8, rounds: u32) -> [Step; 3] {
    [
        Step {
            name: "first read of a file",
            round: READ,
            rounds: 1,
        },
        Step {
            name: "read",
            round: Round { times, ..READ },
            rounds,
        },
        Step {
            name: "misaligned read",
            round: MISALIGNED,
            rounds: rounds * times as u32,
        },
    ]
}

/// The rows of the small crowd: few enough misaligned reads in a second that every detail is
/// delivered.
const FEW_STEPS: [Step; 3] = steps(100, 20);
const MANY_STEPS: [Step; 3] = steps(2, 1);

fn costs(program: &Path, files: &[PathBuf], results: &mut Results) -> Result<()> {
    let crowds = [(FEW, FEW_STEPS), (MANY, MANY_STEPS)];
    let nobody = Observer::nobody();
    let mut untraced = Vec::new();
    for (size, steps) in &crowds {
        untraced.extend(measured(*size, steps, files, &nobody)?);
    }
    let mut untraced = untraced.into_iter();
    for (size, steps) in &crowds {
        let output = Path::new(DIRECTORY).join("scale.dio");
        let tracer = Observer::dio_trace(program, &output)?;
        let traced = measured(*size, steps, files, &tracer)?;
        for (step, (before, after)) in steps.iter().zip(untraced.by_ref().zip(traced)) {
            let spread = |value| Spread {
                typical: value,
                low: value,
                high: value,
            };
            results.cases.push(Row {
                name: format!("{}, {size}", step.name),
                result: step.round.result,
                untraced: spread(before.asking),
                floor: None,
                dio_trace: Some(Cost {
                    added: after.asking - before.asking,
                    spread: spread(after.asking),
                    userspace: Some(after.userspace),
                }),
                bpftrace: None,
                target: None,
            });
        }
        let pid = tracer.pid().context("dio-trace has no process")?;
        results.figure(
            &format!("resident memory, record, {size}"),
            memory::resident(pid)?,
            Unit::Mebibytes,
            None,
        );
        fs::remove_file(tracer.stop()?)?;
    }
    Ok(())
}

/// Instructions for each read.
struct Measured {
    asking: f64,
    /// Instructions of the observer's process.
    userspace: f64,
}

fn measured(
    size: Size,
    steps: &[Step],
    files: &[PathBuf],
    observer: &Observer,
) -> Result<Vec<Measured>> {
    let mut crowd = size.crowd(files)?;
    let mut all = Vec::new();
    for step in steps {
        measure::settle();
        let (started, cpu) = (monotonic(), observer.cpu()?);
        let mut asking = 0;
        for _ in 0..step.rounds {
            asking += crowd.one_by_one(step.round)?;
        }
        measure::settle();
        let idle = observer.idle * (monotonic() - started) as f64;
        let reads = size.reads(step.round) * f64::from(step.rounds);
        all.push(Measured {
            asking: asking as f64 / reads,
            userspace: ((observer.cpu()? - cpu) as f64 - idle) / reads,
        });
    }
    Ok(all)
}

/// Measures whether everything is counted when all processes read at once.
fn all_at_once(
    program: &Path,
    files: &[PathBuf],
    processors: usize,
    results: &mut Results,
) -> Result<()> {
    let rounds = [READ, READ, MISALIGNED, READ];
    let tracer = Observer::dio_trace(program, &Path::new(DIRECTORY).join("scale.dio"))?;
    let mut crowd = MANY.crowd(files)?;
    for round in rounds {
        crowd.together(round)?;
    }
    measure::settle();
    let mut figure = |name: &str, value, unit, target| {
        results.figure(
            &format!("{name}, all at once on {processors}"),
            value,
            unit,
            target,
        );
    };
    let pid = tracer.pid().context("dio-trace has no process")?;
    figure(
        "resident memory, record",
        memory::resident(pid)?,
        Unit::Mebibytes,
        None,
    );
    figure(
        "kernel memory of maps and programs",
        memory::in_kernel(pid)?,
        Unit::Mebibytes,
        None,
    );
    let recording = tracer.stop()?;
    let megabytes = fs::metadata(&recording)?.len() as f64 / f64::from(1 << 20);
    figure("the recording", megabytes, Unit::Mebibytes, None);
    let said = command::output(
        Command::new(program)
            .args(["report", "--format", "json"])
            .arg(&recording),
    )?;
    let summary: Value = serde_json::from_str(&said).context("report did not print JSON")?;
    let issued = |wanted: fn(&Round) -> bool| -> f64 {
        rounds
            .iter()
            .filter(|round| wanted(round))
            .map(|round| MANY.reads(*round))
            .sum()
    };
    let (all, misaligned) = (issued(|_| true), issued(|round| round.askew != 0));
    let total = &summary["total"];
    for (name, counted, issued) in [
        ("requests not counted", &total["count"], all),
        (
            "misaligned requests not counted",
            &total["misaligned"],
            misaligned,
        ),
    ] {
        let counted = counted.as_u64().context("the report has no such total")?;
        let missed = (counted as f64 - issued).abs() / issued * 100.0;
        figure(name, missed, Unit::Percent, Some(0.0));
    }
    let losses = summary["losses"]
        .as_object()
        .context("the report has no losses")?;
    for (cause, count) in losses {
        let count = count.as_u64().unwrap_or(0) as f64;
        if count != 0.0 {
            let name = format!("lost by {cause}, of all requests");
            figure(&name, count / all * 100.0, Unit::Percent, None);
        }
    }
    let named = summary["by_file"].as_array().map_or(0, |files| {
        files.iter().filter(|file| file["path"].is_string()).count()
    });
    phase::say(format!("{named} files in the report by name"));
    Ok(())
}
