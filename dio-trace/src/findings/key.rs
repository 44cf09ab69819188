//! The key of a finding: what all its requests have in common.

use std::{fmt::Write, sync::Arc};

use serde_json::{Value, json};
use twox_hash::XxHash64;

use crate::{
    diagnose::errno_name,
    findings::harm::{Harm, slow},
    model::{Cause, Flag, Flags, Reasons, Record, Verdict},
};

/// The traits of a request that decide to which finding it belongs, in addition to its program and
/// file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    /// Its verdict.
    pub verdict: Verdict,
    /// Its reasons.
    pub reasons: Reasons,
    /// Its flags.
    pub flags: Flags,
    /// Positive errno if it failed; 0 for others, and where it is not known.
    pub errno: i64,
    /// Why it was buffered, where that is not its alignment.
    pub cause: Option<Cause>,
}

impl Traits {
    /// Those of the requests of a record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self {
            verdict: record.verdict,
            reasons: record.reasons,
            flags: record.flags,
            errno: record.errno().unwrap_or(0),
            cause: record.cause,
        }
    }
}

/// The cause of a finding. The order of its fields is that of findings with equal numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The harm.
    pub harm: Harm,
    /// Name of the program.
    pub comm: Arc<str>,
    /// Its service or container.
    pub unit: Option<Arc<str>>,
    /// The verdict.
    pub verdict: Verdict,
    /// The reasons.
    pub reasons: Reasons,
    /// Positive errno; 0 where none, or unknown.
    pub errno: i64,
    /// Why requests were buffered, where that is not their alignment.
    pub cause: Option<Cause>,
    /// What slowed aligned requests down.
    pub flag: Option<Flag>,
    /// Type of the filesystem.
    pub filesystem: Option<Arc<str>>,
    /// The disk.
    pub disk: Option<Arc<str>>,
    /// The place in the program that issued the requests.
    pub call_site: Option<Arc<str>>,
}

impl Key {
    /// The key of requests with these traits; `None` where there is nothing to report. Program, place and
    /// call site are to be filled in ([`by`](Self::by), [`on`](Self::on)).
    #[must_use]
    pub fn of(traits: Traits) -> Option<Self> {
        let Traits {
            verdict,
            reasons,
            flags,
            errno,
            cause,
        } = traits;
        let harm = Harm::of(verdict, flags)?;
        let failed = matches!(verdict, Verdict::Rejected | Verdict::Failed);
        Some(Self {
            harm,
            comm: Arc::default(),
            unit: None,
            verdict,
            reasons,
            errno: if failed { errno } else { 0 },
            cause: cause.filter(|_| verdict == Verdict::Buffered),
            flag: slow(flags).filter(|_| harm == Harm::Slow),
            filesystem: None,
            disk: None,
            call_site: None,
        })
    }

    /// The same for requests of this program and service.
    #[must_use]
    pub fn by(self, comm: &Arc<str>, unit: Option<&Arc<str>>) -> Self {
        Self {
            comm: Arc::clone(comm),
            unit: unit.cloned(),
            ..self
        }
    }

    /// The same for requests to this filesystem and disk.
    #[must_use]
    pub fn on(self, filesystem: Option<&Arc<str>>, disk: Option<&Arc<str>>) -> Self {
        Self {
            filesystem: filesystem.cloned(),
            disk: disk.cloned(),
            ..self
        }
    }

    /// Its fields by name, for JSON.
    #[must_use]
    pub fn fields(&self) -> Value {
        json!({
            "id": self.id(),
            "harm": self.harm,
            "comm": self.comm,
            "unit": self.unit,
            "verdict": self.verdict,
            "reasons": self.reasons.words().collect::<Vec<_>>(),
            "errno": (self.errno != 0).then(|| errno_name(-self.errno)),
            "cause": self.cause,
            "flag": self.flag,
            "filesystem": self.filesystem,
            "disk": self.disk,
            "call_site": self.call_site,
        })
    }

    /// Eight characters that are the same in every recording with this finding, so that two of them can
    /// be joined.
    #[must_use]
    pub fn id(&self) -> String {
        let text = |text: &Option<Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
        let reasons: Vec<&str> = self.reasons.words().collect();
        let mut name = String::new();
        for part in [
            self.harm.word().to_owned(),
            self.comm.to_string(),
            text(&self.unit),
            self.verdict.word().to_owned(),
            reasons.join(","),
            errno_name(-self.errno).into_owned(),
            self.cause.map_or("", Cause::word).to_owned(),
            self.flag.map_or("", Flag::word).to_owned(),
            text(&self.filesystem),
            text(&self.disk),
            text(&self.call_site),
        ] {
            // Writing to a string cannot fail.
            let _ = write!(name, "{part}\0");
        }
        let hash = XxHash64::oneshot(0, name.as_bytes());
        format!("{:08x}", hash >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_the_same_in_every_version() {
        let mut key = Key::of(Traits {
            verdict: Verdict::Buffered,
            reasons: Reasons::NONE,
            flags: Flags::NONE,
            errno: 0,
            cause: Some(Cause::Checksums),
        })
        .unwrap();
        key.comm = "postgres".into();
        let id = key.id();
        assert_eq!(id.len(), 8);
        key.disk = Some("vda".into());
        assert_ne!(key.id(), id);
        insta::assert_snapshot!(id);
    }
}
