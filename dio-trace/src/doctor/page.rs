//! Lines of at most 80 columns that are safe for a terminal.

use crate::{model::printable, text::wrap};

/// Columns of a line, unless a single word or its lead is longer.
const WIDTH: usize = 80;

/// A text that grows line by line.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// Adds a line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(printable(line.trim_end()).as_ref());
        self.0.push('\n');
    }

    /// Adds a text after `lead`; further lines are indented as far as that.
    pub(super) fn wrapped(&mut self, lead: &str, text: &str) {
        let indentation = lead.chars().count();
        let mut lines = wrap(text, WIDTH.saturating_sub(indentation)).into_iter();
        self.line(&format!("{lead}{}", lines.next().unwrap_or_default()));
        for line in lines {
            self.line(&format!("{:indentation$}{line}", ""));
        }
    }

    /// Adds a heading, with an empty line above.
    pub(super) fn title(&mut self, title: &str) {
        self.line("");
        self.line(title);
    }

    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.0
    }
}
