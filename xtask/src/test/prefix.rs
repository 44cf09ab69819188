//! Puts the output of several guests on one terminal: each line begins with the name of its guest.

use std::io::{self, Write};

use crate::suite::RESULT;

/// A writer that puts a name before each line, and keeps all that was written.
pub(super) struct Prefix<W> {
    name: String,
    output: W,
    line: Vec<u8>,
    /// All bytes written so far.
    pub(super) kept: Vec<u8>,
}

impl<W: Write> Prefix<W> {
    pub(super) fn new(name: String, output: W) -> Self {
        Self {
            name,
            output,
            line: Vec::new(),
            kept: Vec::new(),
        }
    }
}

impl<W: Write> Write for Prefix<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept.extend_from_slice(bytes);
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let text = String::from_utf8_lossy(&self.line).into_owned();
            self.line.clear();
            // The last line is for programs only.
            if !text.starts_with(RESULT) {
                let plain: String = text.chars().filter(|c| !c.is_control()).collect();
                // One call, so that lines of other guests do not get in between.
                self.output
                    .write_all(format!("{} | {plain}\n", self.name).as_bytes())?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_whole_lines() -> io::Result<()> {
        let mut shown = Vec::new();
        let mut prefix = Prefix::new("6.1".to_owned(), &mut shown);
        prefix.write_all(b"one\ntw")?;
        prefix.write_all(b"o \x1b[31m\nSUITE-RESULT {}\n")?;
        assert_eq!(prefix.kept, b"one\ntwo \x1b[31m\nSUITE-RESULT {}\n");
        assert_eq!(
            String::from_utf8_lossy(&shown),
            "6.1 | one\n6.1 | two [31m\n"
        );
        Ok(())
    }
}
