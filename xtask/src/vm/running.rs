//! Runs one guest, from its boot to the end of its command.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::{
    guest::Guest,
    initramfs,
    machine::{self, Files},
    ports::{self, Port},
};
use crate::{command, paths};

/// Interval between checks whether QEMU has ended.
const POLL: Duration = Duration::from_millis(20);
/// Number of console lines shown when a guest fails.
const CONSOLE_LINES: usize = 30;
/// Part of the message about a guest that stopped by itself.
pub(crate) const ENDED_EARLY: &str = "ended before its command did: a kernel panic?";
static COUNT: AtomicU32 = AtomicU32::new(0);

/// The end of a guest's command.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Exit status of the command, as the guest's shell reports it (128 + signal).
    pub(crate) status: u8,
    /// Lines in which the kernel reports its own failure (an oops, a `WARN_ON`), up to five.
    pub(crate) complaints: Vec<String>,
}

impl Guest {
    /// Boots the guest, runs the command, and passes on what it prints while it runs.
    ///
    /// # Errors
    /// When QEMU cannot be started, the kernel panics or hangs, or an output cannot be written. The
    /// message has the last lines of the console.
    pub(crate) fn run(
        &self,
        stdout: impl Write + Send,
        stderr: impl Write + Send,
    ) -> Result<Outcome> {
        let directory = tempfile::Builder::new().prefix("dio-trace-vm-").tempdir()?;
        let initramfs = directory.path().join("initramfs");
        initramfs::write(&initramfs, &self.kernel, &self.settings()?)?;
        let names: &[&str] = if self.command.is_empty() {
            &["status"]
        } else {
            &["status", "stdout", "stderr"]
        };
        let ports = names
            .iter()
            .map(|name| Port::open(name, directory.path()))
            .collect::<Result<Vec<_>>>()?;
        let console = if self.command.is_empty() {
            None
        } else {
            Some(self.console_log()?)
        };
        let files = Files {
            directory: directory.path(),
            initramfs: &initramfs,
            console: console.clone(),
        };
        let mut qemu = machine::qemu(self, &files, &ports)?;
        if console.is_some() {
            qemu.stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped());
        }
        let child = qemu.spawn().context("cannot start QEMU")?;
        let mut machine = Machine {
            child,
            deadline: Instant::now() + self.timeout,
        };
        let ended = machine.attend(&ports, directory, stdout, stderr);
        let told = ended.with_context(|| self.failure("could not be run", console.as_deref()))?;
        match told {
            Told::Status(status) => Ok(Outcome {
                status,
                complaints: complaints(console.as_deref()),
            }),
            Told::Timeout => bail!(self.failure(
                &format!("was ended after {} s (--timeout)", self.timeout.as_secs()),
                console.as_deref()
            )),
            Told::Nothing => bail!(self.failure(ENDED_EARLY, console.as_deref())),
        }
    }

    /// The settings that `guest.sh` reads, as shell text.
    fn settings(&self) -> Result<String> {
        let workspace = paths::workspace()?;
        let words = self
            .command
            .iter()
            .map(command::quoted)
            .collect::<Vec<_>>()
            .join(" ");
        let search = std::env::var("PATH").unwrap_or_default();
        let size = terminal_size();
        Ok(format!(
            "WORKSPACE={}\nMODULES={}\nSEARCH={}\nDISKS={}\ncommand() {{\n/usr/bin/env -- {words}\n}}\nshell() {{\nstty {size}\nexec bash -i\n}}\n",
            command::quoted(&workspace),
            command::quoted(&self.kernel.modules),
            command::quoted(format!(
                "{search}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
            )),
            self.disks.len(),
        ))
    }

    fn console_log(&self) -> Result<PathBuf> {
        let directory = paths::target()?.join("vm");
        fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Ok(directory.join(format!(
            "console-{}-{}-{count}.log",
            self.kernel.series,
            process::id()
        )))
    }

    fn failure(&self, what: &str, console: Option<&Path>) -> String {
        let mut text = format!("guest {} {what}", self.kernel.release);
        if let Some(log) = console {
            let said = fs::read(log).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let lines: Vec<&str> = said.lines().map(str::trim_end).collect();
            text.push_str(&format!("\nend of its console ({}):", log.display()));
            for line in &lines[lines.len().saturating_sub(CONSOLE_LINES)..] {
                text.push_str("\n  | ");
                text.extend(line.chars().filter(|c| !c.is_control()));
            }
        }
        text
    }
}

/// The last report of a guest.
enum Told {
    Status(u8),
    Timeout,
    Nothing,
}

/// A running QEMU, which is ended when this is dropped.
struct Machine {
    child: Child,
    deadline: Instant,
}

impl Machine {
    fn attend(
        &mut self,
        ports: &[Port],
        directory: TempDir,
        stdout: impl Write + Send,
        stderr: impl Write + Send,
    ) -> Result<Told> {
        let Some(streams) = self.connect(ports)? else {
            return Ok(Told::Nothing);
        };
        let mut streams = streams.into_iter();
        let broken = AtomicBool::new(false);
        thread::scope(|scope| {
            let status = streams
                .next()
                .map(|stream| scope.spawn(|| read_status(stream, directory)));
            let output = streams
                .next()
                .map(|stream| scope.spawn(|| ports::copy(stream, stdout, &broken)));
            let errors = streams
                .next()
                .map(|stream| scope.spawn(|| ports::copy(stream, stderr, &broken)));
            let in_time = self.wait(&broken)?;
            let joined = |copy: ScopedJoinHandle<'_, io::Result<()>>| match copy.join() {
                Ok(result) => result.context("passing on what the guest prints"),
                Err(_) => bail!("passing on what the guest prints failed"),
            };
            let passed = [output, errors]
                .into_iter()
                .flatten()
                .map(joined)
                .collect::<Vec<_>>();
            let status = status.and_then(|reader| reader.join().ok()).flatten();
            passed.into_iter().collect::<Result<()>>()?;
            Ok(match status {
                Some(status) => Told::Status(status),
                None if in_time => Told::Nothing,
                None => Told::Timeout,
            })
        })
    }

    /// Waits for QEMU to open all ports; `None` if it ended before.
    fn connect(&mut self, ports: &[Port]) -> Result<Option<Vec<UnixStream>>> {
        let mut streams = Vec::new();
        for port in ports {
            let stream = loop {
                if let Some(stream) = port.connected()? {
                    break stream;
                }
                if self.child.try_wait()?.is_some() {
                    let mut complaint = String::new();
                    if let Some(stderr) = &mut self.child.stderr {
                        stderr.read_to_string(&mut complaint)?;
                    }
                    bail!("QEMU does not start: {}", complaint.trim());
                }
                if Instant::now() > self.deadline {
                    return Ok(None);
                }
                thread::sleep(POLL);
            };
            streams.push(stream);
        }
        Ok(Some(streams))
    }

    /// Waits for the end; false if it was killed, because time ran out or the output cannot be
    /// written any more.
    fn wait(&mut self, broken: &AtomicBool) -> Result<bool> {
        loop {
            if self.child.try_wait()?.is_some() {
                return Ok(true);
            }
            if Instant::now() > self.deadline || broken.load(Ordering::Relaxed) {
                self.child.kill()?;
                self.child.wait()?;
                return Ok(false);
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It has already ended, unless an error came in between.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads `ready` and `status N`. Once ready, QEMU has all its files open, so their names are
/// removed: nothing is left over, whatever happens.
fn read_status(stream: UnixStream, directory: TempDir) -> Option<u8> {
    let mut directory = Some(directory);
    let mut status = None;
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        match line.trim().strip_prefix("status ") {
            Some(number) => status = number.parse().ok(),
            None => drop(directory.take()),
        }
    }
    status
}

fn complaints(console: Option<&Path>) -> Vec<String> {
    let said = console
        .and_then(|log| fs::read(log).ok())
        .unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let marks = [
        "BUG:",
        "Oops:",
        "WARNING: ",
        "general protection fault",
        "soft lockup",
    ];
    said.lines()
        .filter(|line| marks.iter().any(|mark| line.contains(mark)))
        .take(5)
        .map(|line| line.chars().filter(|c| !c.is_control()).collect())
        .collect()
}

/// Rows and columns of our terminal in the notation of `stty`, for the shell on the guest's
/// console.
fn terminal_size() -> String {
    let size =
        command::output(Command::new("stty").args(["-F", "/dev/tty", "size"])).unwrap_or_default();
    let mut numbers = size.split_whitespace();
    let rows = numbers.next().unwrap_or("24");
    let columns = numbers.next().unwrap_or("80");
    format!("rows {rows} cols {columns}")
}
