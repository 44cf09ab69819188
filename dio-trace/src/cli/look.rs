//! The look of text on standard output: width, colour and pager, as git chooses them.

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    process::{Command, Stdio},
};

use crate::{report::Look, tui::Palette};

/// The pager where the user has not chosen one.
const PAGER: &str = "less";

/// The look for standard output: colours only on a terminal that shows them, and lines as wide as it is.
/// `COLUMNS` says how wide that is elsewhere; without it lines are not wrapped there.
pub(super) fn look() -> Look {
    let terminal = io::stdout().is_terminal();
    let chosen = std::env::var("COLUMNS").ok();
    let chosen = chosen.and_then(|columns| columns.parse().ok());
    let seen = terminal_size::terminal_size_of(io::stdout());
    let seen = seen.map(|(terminal_size::Width(columns), _)| usize::from(columns));
    Look {
        width: seen.or(chosen).filter(|columns| *columns != 0),
        colour: terminal && super::replay::theme().palette == Palette::Colour,
    }
}

/// Standard output for a text to read: through a pager if it is a terminal.
pub(super) fn output() -> anyhow::Result<Box<dyn Write + Send>> {
    let pager = std::env::var_os("PAGER").unwrap_or_else(|| PAGER.into());
    if io::stdout().is_terminal() && !pager.is_empty() && pager != "cat" {
        return Ok(Box::new(Paged {
            pager,
            text: Vec::new(),
        }));
    }
    super::output::open(None)
}

/// A text that is shown when it is complete.
struct Paged {
    pager: OsString,
    text: Vec<u8>,
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() && !paged(&self.pager, &text)? {
            let mut output = io::stdout().lock();
            output.write_all(&text)?;
            output.flush()?;
        }
        Ok(())
    }
}

/// Hands the text to the pager; `false` where there is none. `less` leaves a text of one screen on the
/// terminal (F), passes colours on (R) and does not clear the screen (X).
fn paged(pager: &OsString, text: &[u8]) -> io::Result<bool> {
    let mut command = Command::new("sh");
    command.arg("-c").arg(pager).stdin(Stdio::piped());
    for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    let Ok(mut child) = command.spawn() else {
        return Ok(false);
    };
    let written = match child.stdin.take() {
        Some(mut input) => input.write_all(text),
        None => Ok(()),
    };
    let status = child.wait()?;
    match written {
        // The shell does not find it.
        _ if status.code() == Some(127) => Ok(false),
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(true),
    }
}
