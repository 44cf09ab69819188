//! What flags and verdicts mean for the one who reads them.

use crate::{
    diagnose::errno_name,
    model::{Flags, Record, Verdict},
};

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Data may be damaged.
    Danger,
    /// Slower or other than the program expects.
    Warning,
    /// Good to know.
    Info,
}

/// A remark on a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// How much it matters.
    pub severity: Severity,
    /// The flag it explains; `None` for a remark on the verdict.
    pub flag: Option<Flags>,
    /// One sentence, without a full stop.
    pub sentence: String,
}

/// Remarks on a record, worst first.
pub(super) fn notes(record: &Record) -> Vec<Note> {
    let mut notes: Vec<Note> = Flags::ALL
        .iter()
        .filter(|(flag, _)| record.flags.contains(*flag))
        .map(|&(flag, _)| of_flag(record, flag))
        .collect();
    notes.extend(of_verdict(record));
    notes.sort_by_key(|note| note.severity);
    notes
}

fn of_flag(record: &Record, flag: Flags) -> Note {
    let disk = record.disk.as_deref().unwrap_or("the device");
    let (severity, sentence) = match flag {
        Flags::UNCHECKED => (Severity::Danger, unchecked(record, disk)),
        Flags::SHORT => (Severity::Warning, short(record)),
        Flags::LATE => (
            Severity::Warning,
            "the error came at completion, after bios were submitted: part of a write may be on \
             the disk, and a submitting call that returned success did not mean it"
                .to_owned(),
        ),
        Flags::SERIALISED => (Severity::Warning, serialised(record)),
        Flags::COPIED => (
            Severity::Info,
            "the kernel copied the data through its own pages, so the buffer's alignment did not \
             matter; the copy costs CPU time"
                .to_owned(),
        ),
        Flags::PROBING => (
            Severity::Info,
            "part of a burst of shrinking attempts at one offset: a program that finds out the \
             alignment by trying, as QEMU does at open; not counted as a fault"
                .to_owned(),
        ),
        _ => (
            Severity::Info,
            "reached the end of the file or device: the length was cut there, and reads at or \
             behind it are not checked for alignment"
                .to_owned(),
        ),
    };
    Note {
        severity,
        flag: Some(flag),
        sentence,
    }
}

fn unchecked(record: &Record, disk: &str) -> String {
    if disk.starts_with("zram") {
        return format!(
            "dangerous: {disk} takes every vector for a whole page without looking; a buffer that \
             is not page aligned reads wrong data and overwrites memory outside the request, \
             although the call succeeds"
        );
    }
    let result = match record.verdict {
        Verdict::Accepted | Verdict::Aligned => "success is not proof that the data is right",
        _ => "the device may have seen it",
    };
    format!(
        "dangerous: it breaks the rule in force, but this kernel skips the check when a request \
         lies inside one page; {disk} got memory that its driver may not be able to handle, and \
         {result}"
    )
}

fn short(record: &Record) -> String {
    let numbers = record.request.as_ref().map_or_else(String::new, |request| {
        format!(": {} of {} bytes", request.result, request.geometry.length)
    });
    format!("fewer bytes than asked for, not at the end of the file{numbers}")
}

fn serialised(record: &Record) -> String {
    let block = record
        .limits
        .map_or(0, |limits| limits.filesystem_block_size);
    let filesystem = record.filesystem.as_deref().unwrap_or("the filesystem");
    if block == 0 {
        return format!("{filesystem} ran it under an exclusive lock: one at a time for the file");
    }
    format!(
        "not whole filesystem blocks of {block} bytes: {filesystem} ran it under an exclusive \
         lock, one at a time for the file"
    )
}

fn of_verdict(record: &Record) -> Option<Note> {
    let sentence = match record.verdict {
        Verdict::Buffered => {
            let filesystem = record.filesystem.as_deref().unwrap_or("the filesystem");
            let why = match (record.filesystem.as_deref(), record.reasons.is_empty()) {
                (Some("btrfs"), true) => {
                    ": it buffers direct writes to files with data checksums (6.15, and stable \
                     6.12 and 6.6), and reads of compressed data"
                }
                (Some("tmpfs"), _) => ": it has no disk below it and never does direct I/O",
                (_, true) => " although it is aligned to the device",
                (_, false) => ", because it is misaligned",
            };
            format!("{filesystem} served it from the page cache in spite of O_DIRECT{why}")
        }
        Verdict::Failed => {
            let errno = record
                .request
                .as_ref()
                .map(|request| errno_name(request.result));
            let errno = errno.map_or_else(|| "an error".to_owned(), |name| name.into_owned());
            format!("failed with {errno}, which no alignment rule of this kernel explains")
        }
        Verdict::Accepted if record.flags.contains(Flags::UNCHECKED) => return None,
        Verdict::Accepted => {
            "misaligned, and accepted because this kernel and device are mild".to_owned()
        }
        Verdict::Aligned | Verdict::Rejected => return None,
    };
    let severity = if record.verdict == Verdict::Accepted {
        Severity::Info
    } else {
        Severity::Warning
    };
    Some(Note {
        severity,
        flag: None,
        sentence,
    })
}
