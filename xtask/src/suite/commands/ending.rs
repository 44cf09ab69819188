//! Checks of how a recording ends, and what it then contains.

use std::{
    fs::File,
    io::Read,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::Context;

use super::{
    bench::{Bench, LOG512, SMALL},
    running::{PATIENCE, Running},
};
use crate::suite::outcome::Outcome;

/// Checks that a signal ends a recording, and that `--pid` includes descendants.
pub(super) fn signalled(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<PathBuf> {
    let this = std::process::id().to_string();
    let mut running = bench.start("fixed.dio", &["--pid", &this])?;
    running.wait_until_attached()?;
    bench.issue("aligned")?;
    running.signal(libc::SIGTERM);
    let (status, said) = (running.ended()?, running.said());
    let kept = bench.counts(&running.output)?;
    outcome.check(
        "commands: SIGTERM ends a recording of --pid and its descendants",
        status.success() && kept.is_some_and(|(all, misaligned)| all != 0 && misaligned == 0),
        format!("{status}, {kept:?} requests kept: {said}"),
    );
    Ok(running.output.clone())
}

pub(super) fn full_disk(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let mut running = bench.start("full/full.dio", &[])?;
    running.wait_until_attached()?;
    let mut issued = 0;
    let started = Instant::now();
    while running.child.try_wait()?.is_none() && started.elapsed() < PATIENCE {
        bench.issue("log512")?;
        issued += LOG512;
        // Batches are written each second, so this takes some rounds.
        std::thread::sleep(Duration::from_millis(300));
    }
    let (status, said) = (running.ended()?, running.said());
    let kept = bench.counts(&running.output)?;
    outcome.check(
        "commands: a full disk ends a recording with a whole file",
        status.code() == Some(2)
            && said.contains("cannot write")
            && kept.is_some_and(|(_, misaligned)| misaligned <= issued),
        format!("{status}, {kept:?} requests kept of {issued}: {said}"),
    );
    Ok(())
}

/// Kills one recorder as soon as its file has a head, and the next while files are rotated.
pub(super) fn killed(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let mut early = bench.start("killed-early.dio", &[])?;
    early.wait_until_attached()?;
    early.signal(libc::SIGKILL);
    early.ended()?;
    let mut late = bench.start("killed.dio", &["--max-size", SMALL, "--rotate", "2"])?;
    late.wait_until_attached()?;
    let part = bench.directory.join("killed.dio.1");
    let started = Instant::now();
    while !part.exists() && started.elapsed() < PATIENCE {
        bench.issue("log512")?;
    }
    bench.issue("log512")?;
    late.signal(libc::SIGKILL);
    late.ended()?;
    let first = bench.counts(&early.output)?;
    let (last, rotated) = (bench.counts(&late.output)?, bench.counts(&part)?);
    outcome.check(
        "commands: after kill -9 every file reads",
        first.is_some() && last.is_some() && rotated.is_some(),
        format!("at its start {first:?}, rotated {rotated:?}, last {last:?}"),
    );
    Ok(())
}

pub(super) fn duration(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let mut running = bench.start("timed.dio", &["--duration", "1s"])?;
    let (status, said) = (running.ended()?, running.said());
    let kept = bench.counts(&running.output)?;
    outcome.check(
        "commands: --duration ends a recording",
        status.success() && kept.is_some(),
        format!("{status}: {said}"),
    );
    Ok(())
}

/// Checks that a reader may close the pipe: that is not an error, and a traced command continues to
/// its end.
pub(super) fn closed_pipe(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let (mut alone, _) = piped(bench, &[])?;
    let (status, said) = (alone.ended()?, alone.said());
    outcome.check(
        "commands: a closed pipe ends a recording",
        status.success() && said.contains("the reader closed the pipe"),
        format!("{status}: {said}"),
    );
    // The recording's head contains the command, but not the word in the form in which it is
    // printed.
    let script = "echo prin''ted; sleep 5; exit 5";
    let (mut running, head) = piped(bench, &["--", "sh", "-c", script])?;
    let (status, said) = (running.ended()?, running.said());
    outcome.check(
        "commands: a closed pipe leaves the command and its exit status alone",
        status.code() == Some(5)
            && said.contains("waiting for the command")
            && said.contains("the reader closed the pipe")
            && said.contains("printed")
            && !String::from_utf8_lossy(&head).contains("printed"),
        format!("{status}: {said}"),
    );
    Ok(())
}

/// Starts a recording to a pipe that is closed after its head. Returns the first KiB of the head.
fn piped(bench: &Bench<'_>, arguments: &[&str]) -> anyhow::Result<(Running, [u8; 1024])> {
    let log = bench.directory.join("piped.log");
    let mut command = bench.setting.tracer.command();
    let mut running = Running {
        child: command
            .args(["record", "-o", "-"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()?,
        output: PathBuf::new(),
        log,
    };
    let mut pipe = running.child.stdout.take().context("no pipe")?;
    let mut head = [0; 1024];
    pipe.read_exact(&mut head)?;
    // The rest of the recording's head fits into the pipe; without it the command would not be
    // started.
    std::thread::sleep(Duration::from_secs(2));
    Ok((running, head))
}
