//! Standard error: messages, and a status line on a terminal.

use std::io::{IsTerminal, Write};

use terminal_size::Width;
use unicode_truncate::UnicodeTruncateStr;

/// Prints one line on standard error. A failure to print is ignored: it must not end a trace.
pub(super) fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// A line on standard error that is overwritten again and again; silent where that is not a terminal.
#[derive(Debug)]
pub(super) struct StatusLine {
    active: bool,
    shown: bool,
}

impl StatusLine {
    pub(super) fn new() -> Self {
        Self {
            active: std::io::stderr().is_terminal(),
            shown: false,
        }
    }

    pub(super) const fn is_active(&self) -> bool {
        self.active
    }

    /// Shows the line, as far as it fits: what runs over the edge could not be overwritten.
    pub(super) fn show(&mut self, line: &str) {
        if self.active {
            let size = terminal_size::terminal_size_of(std::io::stderr());
            let columns = size.map_or(80, |(Width(columns), _)| usize::from(columns));
            let (line, _) = line.unicode_truncate(columns.saturating_sub(1));
            drop(write!(std::io::stderr(), "\r{line}\x1b[K"));
            self.shown = true;
        }
    }

    /// Removes the line, to make room for ordinary output.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            drop(write!(std::io::stderr(), "\r\x1b[K"));
        }
    }
}
