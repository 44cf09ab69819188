//! Runs a program in a terminal of its own.

use std::{
    io::{Read, Write},
    path::Path,
};

use anyhow::Result;
use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

/// A running program and its terminal.
pub(crate) struct Terminal {
    /// The program's output; ends with the program.
    pub(crate) output: Box<dyn Read + Send>,
    /// The program's keyboard.
    pub(crate) keys: Box<dyn Write + Send>,
    /// The program's process.
    pub(crate) child: Box<dyn Child + Send + Sync>,
}

impl Terminal {
    /// Starts a program in a new terminal of this size.
    ///
    /// # Errors
    /// When there is no pseudo-terminal, or no such program.
    pub(crate) fn run(
        program: &Path,
        arguments: &[&str],
        (rows, cols): (u16, u16),
    ) -> Result<Self> {
        let size = PtySize {
            rows,
            cols,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        // Only the program has its end of the terminal open, so reading ends with the program.
        let child = pair.slave.spawn_command(command)?;
        Ok(Self {
            output: pair.master.try_clone_reader()?,
            keys: pair.master.take_writer()?,
            child,
        })
    }
}
