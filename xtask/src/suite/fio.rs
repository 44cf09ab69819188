//! Checks that as many requests are counted as fio reports: none lost, none counted twice.

use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use super::{disks, outcome::Outcome, setting::Setting, shell};

/// Number of requests with `--full`, over all jobs.
const FULL: u64 = 100_000;
const SAMPLE: u64 = 10_000;

/// At most one request in this many may be missed.
const RARE: u64 = 200;

/// One run of fio.
struct Run {
    name: &'static str,
    engine: &'static str,
    jobs: u64,
    /// Whether the jobs are threads of one process.
    threads: bool,
}

const fn two_processes(engine: &'static str) -> Run {
    Run {
        name: engine,
        engine,
        jobs: 2,
        threads: false,
    }
}

/// The last run has more concurrent calls than a kretprobe follows by default.
const RUNS: [Run; 4] = [
    two_processes("psync"),
    two_processes("io_uring"),
    two_processes("libaio"),
    Run {
        name: "psync in 100 threads",
        engine: "psync",
        jobs: 100,
        threads: true,
    },
];

/// Runs fio through each engine on a file.
pub(super) fn run(setting: &Setting, outcome: &mut Outcome) -> anyhow::Result<()> {
    if !shell::is_there("fio") {
        outcome.skip("fio", "fio is not installed");
        return Ok(());
    }
    let number = if setting.full { FULL } else { SAMPLE };
    let Some(disk) = disks::NVME_512.find().or_else(|| disks::VIRTIO_512.find()) else {
        outcome.skip("fio", "this guest has no disk");
        return Ok(());
    };
    let directory = "/tmp/dio-trace-suite-fio";
    std::fs::create_dir_all(directory)?;
    let path = setting.work.join("fio.arrow");
    shell::script(
        "PATH=$PATH:/sbin:/usr/sbin; mkfs.xfs -qf $DISK; mount -t xfs $DISK $MNT; dd if=/dev/zero of=$MNT/file bs=1M count=32 2> /dev/null; sync",
        &[("DISK", &disk), ("MNT", directory)],
    )?;
    let file = format!("{directory}/file");
    for run in RUNS {
        let recording = setting.tracer.record(&path, &[])?;
        let done = fio(&run, &file, number / run.jobs);
        let recorded = recording.stop()?;
        let done = done?;
        let rows = recorded.rows.iter().filter(|row| row.comm == "fio");
        let (count, bytes) = rows.fold((0, 0), |(count, bytes), row| {
            (count + row.count, bytes + row.bytes)
        });
        let lost = recorded.losses();
        // Skipped probes are reported as losses even where nothing was missed, as the counts show.
        let told_at_most = lost
            .split(", ")
            .all(|loss| loss.starts_with("probe_missed") || loss.starts_with("bio_missed"));
        let exact = count == done && bytes == done * 4096 && (lost.is_empty() || told_at_most);
        // Where a probe is preempted, both probes of a pair are sometimes skipped. That must be
        // reported, except for the last request of a thread, and it must be rare.
        let told = count < done
            && count + recorded.lost() + run.jobs >= done
            && (done - count) * RARE <= done;
        outcome.check(
            format!("fio {}", run.name),
            done == number && (exact || told && is_preemptible()),
            format!(
                "fio issued {done}, the recording counts {count}; lost: {}",
                if lost.is_empty() { "nothing" } else { &lost }
            ),
        );
    }
    shell::script("umount $MNT", &[("MNT", directory)])?;
    Ok(())
}

/// Whether the kernel preempts kernel code, by `sched/preempt` in debugfs.
fn is_preemptible() -> bool {
    let modes = std::fs::read_to_string("/sys/kernel/debug/sched/preempt").unwrap_or_default();
    modes.contains("(full)") || modes.contains("(lazy)")
}

/// The number of requests that fio reports.
fn fio(run: &Run, target: &str, each: u64) -> anyhow::Result<u64> {
    let output = Command::new("fio")
        .args([
            "--name=count",
            "--direct=1",
            "--rw=randrw",
            "--bs=4k",
            "--size=32M",
        ])
        .args(["--norandommap", "--iodepth=16", "--output-format=json"])
        .args(run.threads.then_some("--thread"))
        .arg(format!("--numjobs={}", run.jobs))
        .arg(format!("--ioengine={}", run.engine))
        .arg(format!("--filename={target}"))
        .arg(format!("--io_size={}", each * 4096))
        .output()
        .context("cannot run fio")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let json = text.get(text.find('{').unwrap_or(0)..).unwrap_or_default();
    let value: Value = serde_json::from_str(json).with_context(|| {
        format!(
            "fio did not print JSON: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )
    })?;
    let Some(jobs) = value["jobs"].as_array() else {
        bail!("fio names no jobs")
    };
    let total = |job: &Value, way: &str| job[way]["total_ios"].as_u64().unwrap_or(0);
    Ok(jobs
        .iter()
        .map(|job| total(job, "read") + total(job, "write"))
        .sum())
}
