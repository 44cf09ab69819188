//! The dio-trace on the host, which shows the recording. It starts with the first byte, so that
//! earlier messages stay readable.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitCode, Stdio},
    sync::Mutex,
};

use anyhow::{Context, Result, bail};

/// The form in which the recording is shown.
pub(super) enum Show {
    /// The dashboard, while the recording arrives.
    Dashboard,
    /// A report.
    Report,
    /// The dashboard at the end, as SVG in this file.
    Picture(PathBuf),
}

impl Show {
    fn command(&self, binary: &Path) -> io::Result<Command> {
        let mut command = Command::new(binary);
        match self {
            Self::Dashboard => command.args(["replay", "-"]),
            Self::Report => command.args(["report", "-"]),
            Self::Picture(file) => command
                .args(["replay", "-", "--screenshot", "120x30", "--format", "svg"])
                .stdout(File::create(file)?),
        };
        Ok(command)
    }
}

/// A dio-trace process that reads what the guest records.
pub(super) struct Viewer {
    binary: PathBuf,
    show: Show,
    child: Mutex<Option<Child>>,
}

impl Viewer {
    pub(super) fn new(binary: PathBuf, show: Show) -> Self {
        Self {
            binary,
            show,
            child: Mutex::new(None),
        }
    }

    /// A writer for the recording. When it is dropped, the viewer sees the end.
    pub(super) fn input(&self) -> Input<'_> {
        Input {
            viewer: self,
            stdin: None,
        }
    }

    /// Waits until the viewer ends.
    ///
    /// # Errors
    /// When no recording arrived, so that it was never started.
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
        let mut child = self
            .show
            .command(&self.binary)?
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
