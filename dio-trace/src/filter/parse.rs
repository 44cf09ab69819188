//! Filters as text: `comm=fio* verdict=rejected verdict=buffered path="/var/lib/my sql/*"`.

use crate::{
    filter::{Filter, Pattern},
    model::{Operation, Verdict},
};

/// The fields a condition may name.
const FIELDS: &str = "pid, comm, cgroup, disk, path, verdict, operation";

impl Filter {
    /// Reads conditions separated by blanks, each `field=value`. A value with blanks is written in
    /// double quotes. A field may occur several times: one of its values must match.
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
        pids.chain(texts)
            .chain(verdicts)
            .chain(operations)
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

fn quoted(text: &str) -> String {
    if text.contains(char::is_whitespace) {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}

/// Splits at blanks outside double quotes, and removes the quotes.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut in_quotes = false;
    for character in line.chars() {
        match character {
            '"' => in_quotes = !in_quotes,
            blank if blank.is_whitespace() && !in_quotes => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    if in_quotes {
        return Err("a double quote is not closed".to_owned());
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_as_written() {
        let line = r#"pid=7 comm=fio* disk=nvme0n1 path="/a b/*" verdict=rejected operation=write"#;
        assert_eq!(Filter::parse(line).unwrap().to_string(), line);
        assert!(Filter::parse("  ").unwrap().is_empty());
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
