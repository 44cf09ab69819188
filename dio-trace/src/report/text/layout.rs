//! Lines of text that are safe for a terminal.

use crate::model::printable;

/// A text that grows line by line.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// Adds a line.
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(printable(line).trim_end());
        self.0.push('\n');
    }

    /// Adds a heading, with room above.
    pub(super) fn title(&mut self, title: &str) {
        self.line("");
        self.line(title);
    }

    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.0
    }
}
