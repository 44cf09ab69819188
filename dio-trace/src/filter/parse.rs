//! Filters as text: `comm=fio* verdict=rejected verdict=buffered path="/var/lib/my sql/*"`.

use std::borrow::Cow;

use shlex::Quoter;

use crate::{
    filter::{Filter, Pattern},
    model::{Operation, Verdict},
};

/// The fields a condition may name.
const FIELDS: &str = "pid, comm, cgroup, disk, path, verdict, operation, errno";

impl Filter {
    /// Reads conditions separated by blanks, each `field=value`. A value with blanks is written in
    /// quotes, single or double, as for a shell. A field may occur several times: one of its values
    /// must match.
    ///
    /// # Errors
    /// Where a condition is wrong; the message names it and says how to write it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let mut filter = Self::default();
        for word in words(line)? {
            let (field, value) = word.split_once('=').ok_or_else(|| {
                format!("{word:?} is not a condition: write field=value, as comm=fio* ({FIELDS})")
            })?;
            filter.add(field, value)?;
        }
        Ok(filter)
    }

    /// Adds one condition.
    ///
    /// # Errors
    /// Where the condition is wrong; the message says how.
    pub fn add(&mut self, field: &str, value: &str) -> Result<(), String> {
        if value.is_empty() {
            return Err(format!(
                "{field}= needs a value, as {field}={}",
                example(field)
            ));
        }
        match field {
            "pid" => self.pid.push(value.parse().map_err(|_| {
                format!("{value:?} is not a process id: write a number, as pid=1234")
            })?),
            "comm" => self.comm.push(Pattern::new(value)?),
            "cgroup" => self.cgroup.push(Pattern::new(value)?),
            "disk" => self
                .disk
                .push(Pattern::new(value.trim_start_matches("/dev/"))?),
            "path" => self.path.push(Pattern::new(value)?),
            "verdict" => self.verdict.push(
                Verdict::from_word(value).ok_or_else(|| unknown("verdict", value, &verdicts()))?,
            ),
            "operation" => self.operation.push(
                Operation::from_word(value)
                    .ok_or_else(|| unknown("operation", value, "read, write"))?,
            ),
            "errno" => self.errno.push(value.parse()?),
            _ => return Err(unknown("field", field, FIELDS)),
        }
        Ok(())
    }

    /// Every condition as text.
    #[must_use]
    pub fn conditions(&self) -> Vec<String> {
        let patterns = [
            ("comm", &self.comm),
            ("cgroup", &self.cgroup),
            ("disk", &self.disk),
            ("path", &self.path),
        ];
        let pids = self.pid.iter().map(|pid| format!("pid={pid}"));
        let texts = patterns.into_iter().flat_map(|(field, patterns)| {
            patterns
                .iter()
                .map(move |pattern| format!("{field}={}", quoted(pattern.as_str())))
        });
        let verdicts = self
            .verdict
            .iter()
            .map(|verdict| format!("verdict={verdict}"));
        let operations = self
            .operation
            .iter()
            .map(|operation| format!("operation={operation}"));
        let errors = self.errno.iter().map(|errno| format!("errno={errno}"));
        pids.chain(texts)
            .chain(verdicts)
            .chain(operations)
            .chain(errors)
            .collect()
    }
}

fn example(field: &str) -> &'static str {
    match field {
        "pid" => "1234",
        "comm" => "fio*",
        "cgroup" => "*/mariadb.service",
        "disk" => "nvme0n1",
        "verdict" => "rejected",
        "operation" => "write",
        "errno" => "EINVAL",
        _ => "/var/lib/*",
    }
}

fn verdicts() -> String {
    let words: Vec<_> = Verdict::ALL.iter().map(|verdict| verdict.word()).collect();
    words.join(", ")
}

fn unknown(what: &str, word: &str, known: &str) -> String {
    format!("there is no {what} {word:?}: {known}")
}

/// A value in the form that [`words`] reads back: without quotes if it needs none.
fn quoted(text: &str) -> Cow<'_, str> {
    match shlex::split(text) {
        Some(words) if words == [text] => text.into(),
        _ if !text.contains(['"', '\\', '$', '`']) => format!("\"{text}\"").into(),
        // Only NUL would be refused, and it is allowed.
        _ => Quoter::new()
            .allow_nul(true)
            .quote(text)
            .unwrap_or_else(|_| text.into()),
    }
}

/// Splits as a shell does: at blanks outside single and double quotes, with `\` before a character
/// that is meant literally.
fn words(line: &str) -> Result<Vec<String>, String> {
    shlex::split(line)
        .ok_or_else(|| "a quote is not closed, or `\\` is the last character".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_reads_back_as_written() {
        let line = r#"pid=7 comm=fio* disk=nvme0n1 path="/a b/*" verdict=rejected operation=write"#;
        assert_eq!(Filter::parse(line).unwrap().to_string(), line);
        assert!(Filter::parse("  ").unwrap().is_empty());
    }

    #[test]
    fn quotes_and_backslashes_are_those_of_a_shell() {
        for (line, path) in [
            (r#"path="/a\"b c""#, r#"/a"b c"#),
            (r#"path='/a"b $c'"#, r#"/a"b $c"#),
            (r"path=/a\ b", "/a b"),
            (r"path='/a\*'", r"/a\*"),
            (r"path=/a\\*", r"/a\*"),
            (r#"path="/it's"'"'"#, "/it's\""),
        ] {
            let filter = Filter::parse(line).unwrap();
            assert_eq!(filter.path[0].as_str(), path, "{line}");
            assert_eq!(filter.path.len(), 1, "{line}");
        }
    }

    proptest! {
        /// Paths and names in a recording are up to others.
        #[test]
        fn any_value_reads_back(values in prop::collection::vec("(\\PC|[ \t\n\"'\\\\$`#~*\0\u{1b}\u{a0}]){1,8}", 1..4)) {
            let mut filter = Filter::default();
            for value in &values {
                let _ = filter.add("path", value);
                let _ = filter.add("comm", value);
            }
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (line, expected) in [
            ("fio", "field=value"),
            ("comm=", "comm=fio*"),
            (
                "verdict=bad",
                "aligned, accepted, buffered, rejected, failed",
            ),
            ("colour=red", "there is no field"),
            ("pid=x", "pid=1234"),
            ("path=\"/a", "not closed"),
            ("path='/a", "not closed"),
            ("path=/a\\", "last character"),
            ("comm=[a", "not a pattern"),
        ] {
            let message = Filter::parse(line).unwrap_err();
            assert!(message.contains(expected), "{line}: {message}");
        }
    }

    #[test]
    fn stars_cross_directories() {
        let pattern = Pattern::new("/var/*.ibd").unwrap();
        assert!(pattern.matches("/var/lib/mysql/t.ibd"));
        assert!(!pattern.matches("/srv/t.ibd"));
    }
}
