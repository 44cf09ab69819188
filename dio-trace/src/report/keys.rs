//! The keys by which a report distinguishes requests: process, file, place and case.

use std::sync::Arc;

use crate::{
    findings::{Harm, Key, Traits},
    model::{Cause, Flag, Flags, Operation, Reasons, Verdict},
};

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    /// Name of the thread group leader.
    pub comm: Arc<str>,
    /// Process id (thread group); 0 where it is unknown.
    pub pid: u32,
}

/// A file or raw device.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct File {
    /// Path; `None` where it is unknown.
    pub path: Option<Arc<str>>,
    /// Inode number; `None` where it is unknown.
    pub inode: Option<u64>,
    /// Type of its filesystem.
    pub filesystem: Option<Arc<str>>,
    /// Its disk.
    pub disk: Option<Arc<str>>,
}

/// A program and a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Name of the program.
    pub comm: Arc<str>,
    /// The file.
    pub file: File,
}

/// A kind of requests: of one program and file, with the same verdict, reasons and flags, from the same
/// place in the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Case {
    /// Program and file.
    pub place: Place,
    /// Service or container of the program.
    pub unit: Option<Arc<str>>,
    /// Read or write.
    pub operation: Operation,
    /// Verdict.
    pub verdict: Verdict,
    /// Reasons.
    pub reasons: Reasons,
    /// Flags.
    pub flags: Flags,
    /// Positive errno of those that failed; 0 for others, and where it is not known.
    pub errno: i64,
    /// Why they were buffered, where that is not their alignment.
    pub cause: Option<Cause>,
    /// The place in the program that issued misaligned ones, where it is known.
    pub call_site: Option<Arc<str>>,
}

/// A key whose rows can be summed up in a coarser one, where there are too many of them.
pub(super) trait Coarse {
    /// The key without what varies most.
    fn coarse(&self) -> Self;
}

impl Coarse for Process {
    fn coarse(&self) -> Self {
        Self {
            pid: 0,
            ..self.clone()
        }
    }
}

impl Coarse for File {
    fn coarse(&self) -> Self {
        Self {
            path: None,
            inode: None,
            ..self.clone()
        }
    }
}

impl Coarse for Place {
    fn coarse(&self) -> Self {
        Self {
            comm: Arc::clone(&self.comm),
            file: self.file.coarse(),
        }
    }
}

impl Case {
    /// The finding to which it belongs; `None` where there is nothing to report.
    #[must_use]
    pub fn finding(&self) -> Option<Key> {
        let key = Key::of(Traits {
            verdict: self.verdict,
            reasons: self.reasons,
            flags: self.flags,
            errno: self.errno,
            cause: self.cause,
        })?;
        let file = &self.place.file;
        let key = key
            .by(&self.place.comm, self.unit.as_ref())
            .on(file.filesystem.as_ref(), file.disk.as_ref());
        Some(Key {
            call_site: self.call_site.clone(),
            ..key
        })
    }
}

/// Whether there is nothing to report of such requests: aligned, perhaps at the end of the file or
/// copied.
pub(super) fn is_plain(verdict: Verdict, reasons: Reasons, flags: Flags) -> bool {
    verdict == Verdict::Aligned
        && reasons.is_empty()
        && Harm::of(verdict, flags).is_none()
        && !flags.contains(Flag::Probing)
        && !flags.contains(Flag::WouldBlock)
}
