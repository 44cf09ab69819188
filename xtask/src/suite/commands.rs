//! Checks of the commands, as people and scripts use them: how a recording ends, what it then
//! contains, and the exit codes.

mod answers;
mod bench;
mod ending;
mod flood;
mod running;
mod traced;

use std::fs;

use answers::{compare, verify};
use bench::{Bench, SMALL};
use ending::{closed_pipe, duration, full_disk, killed, signalled};
use flood::flooded;
use traced::with_command;

use super::{disks, outcome::Outcome, setting::Setting, shell};

/// Runs this part.
pub(super) fn run(setting: &Setting, outcome: &mut Outcome) -> anyhow::Result<()> {
    let Some(disk) = disks::with_blocks_of_4096() else {
        outcome.skip("commands", "this guest has no disk with 4096-byte blocks");
        return Ok(());
    };
    let directory = setting.work.join("commands");
    let full = directory.join("full");
    fs::create_dir_all(&full)?;
    let mount = format!("mount -t tmpfs -o size={SMALL} small $MNT");
    shell::script(&mount, &[("MNT", &full.to_string_lossy())])?;
    let bench = Bench {
        setting,
        workload: std::env::current_exe()?,
        disk,
        directory,
    };
    let done = checks(&bench, outcome);
    shell::script("umount $MNT", &[("MNT", &full.to_string_lossy())])?;
    done
}

/// Runs one trace after the other: attaching several at a time takes the kernel much longer.
fn checks(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let faulty = with_command(bench, outcome)?;
    let fixed = signalled(bench, outcome)?;
    compare(bench, outcome, &faulty, &fixed)?;
    verify(
        bench,
        outcome,
        "a faulty program",
        &bench.script("log512"),
        1,
    )?;
    full_disk(bench, outcome)?;
    flooded(bench, outcome)?;
    if !bench.setting.full {
        outcome.skip(
            "commands: the rest",
            "only with --full, for it takes a minute",
        );
        return Ok(());
    }
    verify(
        bench,
        outcome,
        "a fixed program",
        &bench.script("aligned"),
        0,
    )?;
    verify(bench, outcome, "a program without direct I/O", "true", 3)?;
    duration(bench, outcome)?;
    closed_pipe(bench, outcome)?;
    killed(bench, outcome)
}
