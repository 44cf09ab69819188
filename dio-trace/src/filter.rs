//! Selects records by conditions on their fields.
//!
//! Conditions on one field are alternatives; different fields must all match. Text is compared with
//! globs, whose `*` also matches `/`.

mod errno;
mod parse;
mod pattern;

use std::fmt;

pub use errno::Errno;
pub use pattern::Pattern;

use crate::model::{Operation, Record, Verdict};

/// Conditions on a record. The empty filter matches everything.
///
/// A record whose field is unknown (`None`) fails a condition on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Thread groups.
    pub pid: Vec<u32>,
    /// Names of the thread group leader.
    pub comm: Vec<Pattern>,
    /// Control group paths.
    pub cgroup: Vec<Pattern>,
    /// Names or numbers (`259:0`) of block devices.
    pub disk: Vec<Pattern>,
    /// File paths.
    pub path: Vec<Pattern>,
    /// Verdicts.
    pub verdict: Vec<Verdict>,
    /// Read or write.
    pub operation: Vec<Operation>,
    /// Errors, as positive errno numbers; in older recordings requests that were only counted have none.
    pub errno: Vec<Errno>,
}

impl Filter {
    /// Whether this matches everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a record meets the conditions.
    #[must_use]
    pub fn matches(&self, record: &Record) -> bool {
        any(&self.pid, |pid| *pid == record.pid)
            && any(&self.verdict, |verdict| *verdict == record.verdict)
            && any(&self.operation, |operation| *operation == record.operation)
            && any(&self.errno, |errno| record.errno() == Some(errno.0))
            && any_text(&self.comm, Some(&record.comm))
            && any_text(&self.cgroup, record.cgroup.as_deref())
            && any_text(&self.path, record.path.as_deref())
            && any(&self.disk, |pattern| {
                record
                    .disk
                    .as_deref()
                    .is_some_and(|disk| pattern.matches(disk))
                    || record
                        .device
                        .is_some_and(|device| pattern.matches(&device.to_string()))
            })
    }
}

/// Whether one of `conditions` holds, or there are none.
pub(crate) fn any<T>(conditions: &[T], holds: impl FnMut(&T) -> bool) -> bool {
    conditions.is_empty() || conditions.iter().any(holds)
}

/// Whether `text` matches one of `patterns`, or there are none.
pub(crate) fn any_text(patterns: &[Pattern], text: Option<&str>) -> bool {
    any(patterns, |pattern| {
        text.is_some_and(|text| pattern.matches(text))
    })
}

impl fmt::Display for Filter {
    /// The line that [`Filter::parse`] reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.conditions().join(" "))
    }
}
