//! dio-trace on this side: started with the first byte of the recording, so that messages of the start stay readable.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::{Child, ChildStdin, Command, ExitCode, Stdio},
    sync::Mutex,
};

use anyhow::{Context, Result, bail};

/// A dio-trace that reads what the guest records.
pub(super) struct Viewer {
    binary: PathBuf,
    command: &'static str,
    child: Mutex<Option<Child>>,
}

impl Viewer {
    /// `command` is `replay` or `report`.
    pub(super) fn new(binary: PathBuf, command: &'static str) -> Self {
        Self {
            binary,
            command,
            child: Mutex::new(None),
        }
    }

    /// Where the recording goes; the viewer sees its end when this is dropped.
    pub(super) fn input(&self) -> Input<'_> {
        Input {
            viewer: self,
            stdin: None,
        }
    }

    /// Waits for it to end.
    ///
    /// # Errors
    /// When no recording came, so that it was never started.
    pub(super) fn finish(self) -> Result<ExitCode> {
        let child = self.child.into_inner().ok().flatten();
        let Some(mut child) = child else {
            bail!("no recording came out of the guest; its messages are in target/vm/demo.log");
        };
        let status = child.wait().context("waiting for dio-trace")?;
        let code = status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1);
        Ok(ExitCode::from(code))
    }

    fn start(&self) -> io::Result<ChildStdin> {
        let mut child = Command::new(&self.binary)
            .args([self.command, "-"])
            .stdin(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        if let Ok(mut slot) = self.child.lock() {
            *slot = Some(child);
        }
        Ok(stdin)
    }
}

/// The viewer's standard input.
pub(super) struct Input<'a> {
    viewer: &'a Viewer,
    stdin: Option<ChildStdin>,
}

impl Write for Input<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let stdin = match &mut self.stdin {
            Some(stdin) => stdin,
            empty => empty.insert(self.viewer.start()?),
        };
        stdin.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.as_mut().map_or(Ok(()), Write::flush)
    }
}
