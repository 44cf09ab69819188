//! A finding in words: who, where, and what became of the requests.

use crate::{
    diagnose::errno_name,
    findings::{harm::Harm, key::Key},
    model::{Operation, RAW_DEVICE, Reason, Reasons},
    text::listed,
};

impl Key {
    /// The program and its service, the filesystem and the disk.
    #[must_use]
    pub fn who(&self) -> String {
        let comm = match &*self.comm {
            "" => "(unknown program)",
            comm => comm,
        };
        let unit = self
            .unit
            .as_ref()
            .map_or_else(String::new, |unit| format!(" ({unit})"));
        let place = match (self.filesystem.as_deref(), self.disk.as_deref()) {
            (Some(RAW_DEVICE), Some(disk)) => format!(" on raw device {disk}"),
            (Some(filesystem), Some(disk)) => format!(" on {filesystem} ({disk})"),
            (Some(only), None) | (None, Some(only)) => format!(" on {only}"),
            (None, None) => String::new(),
        };
        format!("{comm}{unit}{place}")
    }

    /// What became of the requests, and why.
    #[must_use]
    pub fn what(&self, operations: impl IntoIterator<Item = Operation>) -> String {
        let operations: Vec<&str> = operations.into_iter().map(Operation::word).collect();
        let mut what = format!("{} {}", operations.join(" and "), self.verdict);
        if self.harm == Harm::Dangerous {
            what.push_str(", DANGEROUS");
        }
        if self.errno != 0 {
            what.push_str(&format!(" with {}", errno_name(-self.errno)));
        }
        for word in [
            self.flag.map(|flag| flag.word()),
            self.cause.map(|cause| cause.word()),
        ]
        .into_iter()
        .flatten()
        {
            what.push_str(&format!(", {}", word.replace('_', " ")));
        }
        let reasons = self.reason_words();
        if !reasons.is_empty() {
            what.push_str(&format!(", {}", listed(&reasons)));
        }
        if let Some(site) = &self.call_site {
            what.push_str(&format!(", from {site}"));
        }
        what
    }

    /// The words of its reasons, as in a sentence. Where the length of the whole request is one, those of
    /// its segments are not named.
    fn reason_words(&self) -> Vec<String> {
        let implied = Reasons::NONE.with_if(
            Reason::SegmentLength,
            self.reasons.contains(Reason::TotalLength),
        );
        let words = self.reasons.iter().filter(|one| !implied.contains(*one));
        words.map(|one| one.word().replace('_', " ")).collect()
    }
}
