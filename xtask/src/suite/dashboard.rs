//! Checks the live dashboard: drives it by keys while a program gets direct I/O wrong.

use std::process::{Child, Command, Stdio};

use super::{disks, outcome::Outcome, setting::Setting, terminal::Terminal};

/// Name of the watched program.
const COMM: &str = "dio-watched";

/// Watches a program, and goes down to one of its requests.
pub(super) fn run(setting: &Setting, outcome: &mut Outcome) -> anyhow::Result<()> {
    let Some(disk) = disks::VIRTIO_4096.find() else {
        outcome.skip("dashboard", "this guest has no disk of 4096-byte blocks");
        return Ok(());
    };
    let mut program = misbehaving(&disk)?;
    let seen = watch(setting, &disk);
    program.kill()?;
    program.wait()?;
    outcome.check(
        "dashboard: a live program, its file and its request, by keys",
        seen.is_ok(),
        match seen {
            Ok(()) => "seen, and the terminal was given back".to_owned(),
            Err(error) => format!("{error:#}"),
        },
    );
    Ok(())
}

/// Starts a program that continues until it is killed.
fn misbehaving(disk: &str) -> anyhow::Result<Child> {
    let child = Command::new(std::env::current_exe()?)
        .args(["workload", "--comm", COMM, "--repeat", "1000000"])
        .args(["--pause", "20", "scenario", "qemu-on4k", disk])
        .stdout(Stdio::null())
        .spawn()?;
    Ok(child)
}

fn watch(setting: &Setting, disk: &str) -> anyhow::Result<()> {
    let mut terminal = Terminal::run(setting.tracer.program(), &["live"])?;
    terminal.wait_for(&[COMM, "rejected", "change  "])?;
    terminal.press("2")?;
    terminal.press("fcomm=nobody\r")?;
    terminal.wait_for(&["filter comm=nobody", "0 processes"])?;
    terminal.press("F")?;
    terminal.wait_for(&[COMM])?;
    terminal.press(&format!("/{COMM}\r"))?;
    terminal.wait_for(&["▶", COMM])?;
    terminal.press("z")?;
    terminal.wait_for(&["FROZEN"])?;
    terminal.press("z\r")?;
    terminal.wait_for(&[disk])?;
    terminal.press("\r")?;
    terminal.wait_for(&[COMM, disk])?;
    terminal.press("\r")?;
    terminal.wait_for(&["captured requests by"])?;
    terminal.press("\r")?;
    terminal.wait_for(&["against logical blocks of 4096 bytes"])?;
    terminal.press("Q")?;
    match terminal.end()? {
        (0, true) => Ok(()),
        (code, left) => anyhow::bail!("it ended with {code}; alternate screen left: {left}"),
    }
}
