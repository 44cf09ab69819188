//! Starting the command to be traced, so that its first I/O is seen.

use std::{
    ffi::OsString,
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::{
        fd::{AsFd, AsRawFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    process::{Child, Command, ExitStatus},
    thread::JoinHandle,
};

use tokio::sync::oneshot;

/// A child that was forked for the command, and waits for permission before it executes it.
pub(super) struct HeldChild {
    /// Its process id.
    pub(super) pid: u32,
    name: String,
    gate: PipeWriter,
    spawning: JoinHandle<io::Result<Child>>,
}

/// A command that is running.
pub(super) struct Running {
    /// Its process id.
    pub(super) pid: u32,
    ended: oneshot::Receiver<io::Result<ExitStatus>>,
}

impl HeldChild {
    /// Forks a child, which reports its process id and then waits at the gate before it executes the
    /// command. With `divert` the command's standard output becomes our standard error, because ours is
    /// the recording.
    pub(super) fn fork(words: &[OsString], divert: bool) -> io::Result<Self> {
        let (mut report, reporter) = io::pipe()?;
        let (wait, gate) = io::pipe()?;
        let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let name = program.to_string_lossy().into_owned();
        let mut command = Command::new(program);
        command.args(arguments);
        if divert {
            command.stdout(io::stderr().as_fd().try_clone_to_owned()?);
        }
        let closure = hold(reporter, wait, gate.as_raw_fd());
        // SAFETY: the closure only calls functions that are safe between fork and exec.
        unsafe { command.pre_exec(closure) };
        // `spawn` returns only when the child has executed the command, so it needs its own thread.
        let spawning = std::thread::Builder::new()
            .name("spawn".to_owned())
            .spawn(move || command.spawn())?;
        let mut pid = [0; 4];
        match report.read_exact(&mut pid) {
            Ok(()) => Ok(Self {
                pid: u32::from_ne_bytes(pid),
                name,
                gate,
                spawning,
            }),
            // The fork itself failed.
            Err(error) => match spawning.join() {
                Ok(Err(reason)) => Err(reason),
                _ => Err(error),
            },
        }
    }

    /// Opens the gate: the child executes the command.
    pub(super) fn go(mut self) -> io::Result<Running> {
        self.gate.write_all(&[1])?;
        drop(self.gate);
        let child = self
            .spawning
            .join()
            .map_err(|_| io::Error::other("a thread failed"))?;
        let mut child = child
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.name)))?;
        let (sender, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("wait".to_owned())
            .spawn(move || {
                // The receiver may be gone.
                drop(sender.send(child.wait()));
            })?;
        Ok(Running {
            pid: self.pid,
            ended,
        })
    }
}

/// Makes the closure that the child runs between fork and exec. Exec closes both pipes.
fn hold(
    mut reporter: PipeWriter,
    mut wait: PipeReader,
    gate: i32,
) -> impl FnMut() -> io::Result<()> + Send + Sync + 'static {
    move || {
        // The child's copy of the gate would keep it open if the parent dies.
        // SAFETY: closing a descriptor that the child does not use.
        unsafe { libc::close(gate) };
        reporter.write_all(&std::process::id().to_ne_bytes())?;
        wait.read_exact(&mut [0])
    }
}

impl Running {
    /// Waits until the command ends. Cancel safe.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        (&mut self.ended)
            .await
            .map_err(|_| io::Error::other("lost sight of the command"))?
    }

    /// Passes a signal on to the command.
    pub(super) fn signal(&self, signal: i32) {
        let Ok(pid) = i32::try_from(self.pid) else {
            return;
        };
        // SAFETY: takes no pointers. The command may have ended, which is fine.
        unsafe { libc::kill(pid, signal) };
    }
}

/// The exit status as a shell would show it: 128 plus the number of a fatal signal.
pub(super) fn exit_status(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(script: &str) -> Vec<OsString> {
        ["sh", "-c", script].map(OsString::from).to_vec()
    }

    fn status(running: Running) -> ExitStatus {
        running.ended.blocking_recv().unwrap().unwrap()
    }

    #[test]
    fn it_does_nothing_before_it_is_let_go() {
        let directory = tempfile::tempdir().unwrap();
        let trace = directory.path().join("trace");
        let script = format!("echo $$ > {}; exit 7", trace.display());
        let held = HeldChild::fork(&words(&script), false).unwrap();
        let pid = held.pid;
        let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
        assert_ne!(comm.trim(), "sh", "it is still a copy of this process");
        assert!(!trace.exists());
        let status = status(held.go().unwrap());
        assert_eq!(exit_status(status), 7);
        let told: u32 = std::fs::read_to_string(&trace)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert_eq!(told, pid);
    }

    #[test]
    fn what_it_prints_can_be_kept_out_of_standard_output() {
        let script = "test /proc/self/fd/1 -ef /proc/self/fd/2";
        let held = HeldChild::fork(&words(script), true).unwrap();
        assert_eq!(exit_status(status(held.go().unwrap())), 0);
    }

    #[test]
    fn a_signal_shows_as_in_a_shell() {
        let held = HeldChild::fork(&words("kill -TERM $$"), false).unwrap();
        assert_eq!(exit_status(status(held.go().unwrap())), 128 + 15);
    }

    #[test]
    fn a_command_that_is_not_there_is_named() {
        let held = HeldChild::fork(&[OsString::from("/nonexistent/program")], false).unwrap();
        let error = held.go().err().unwrap().to_string();
        assert!(
            error.contains("/nonexistent/program: No such file"),
            "{error}"
        );
    }
}
