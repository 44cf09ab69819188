//! Notes: what flags and verdicts mean for the reader.

use crate::{
    diagnose::errno::{errno_meaning, errno_name},
    model::{Cause, Engine, Flag, Interface, Record, Verdict},
};

/// The severity of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Data may be damaged.
    Danger,
    /// Slower than the program expects, or different.
    Warning,
    /// Useful to know.
    Info,
}

/// A note on a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its severity.
    pub severity: Severity,
    /// The flag that it explains; `None` for a note on the verdict.
    pub flag: Option<Flag>,
    /// One sentence, without a full stop.
    pub sentence: String,
}

/// The notes on a record, worst first.
pub(super) fn notes(record: &Record) -> Vec<Note> {
    let mut notes: Vec<Note> = record
        .flags
        .iter()
        .map(|flag| of_flag(record, flag))
        .collect();
    notes.extend(of_verdict(record));
    notes.sort_by_key(|note| note.severity);
    notes
}

fn of_flag(record: &Record, flag: Flag) -> Note {
    let (severity, sentence) = match flag {
        Flag::Unchecked => (Severity::Danger, unchecked(record)),
        Flag::Short => (Severity::Warning, short(record)),
        Flag::Late => (Severity::Warning, late(record)),
        Flag::Serialised => (Severity::Warning, serialised(record)),
        Flag::Copied => (
            Severity::Info,
            "the kernel copied the data through its own pages, so the buffer's alignment did not \
             matter; the copy costs CPU time"
                .to_owned(),
        ),
        Flag::Probing => (
            Severity::Info,
            "one of several attempts that ended in success: a program that tries out which \
             alignment works, as QEMU does when it opens an image; not counted as a fault"
                .to_owned(),
        ),
        Flag::EndOfFile => (
            Severity::Info,
            "reached the end of the file or device: the length was cut there, and what lies past \
             the end is not checked for alignment"
                .to_owned(),
        ),
        Flag::Hole => (
            Severity::Info,
            "nothing was read from the disk (a hole, or an extent that was never written), so \
             alignment was not checked"
                .to_owned(),
        ),
        Flag::WouldBlock => (
            Severity::Info,
            "the caller asked not to wait (RWF_NOWAIT), and the kernel would have had to wait: not \
             a failure, the caller tries again"
                .to_owned(),
        ),
        Flag::Extends => (
            Severity::Info,
            format!(
                "it extends the file, so {} ran it under an exclusive lock, one at a time for the \
                 file",
                filesystem(record)
            ),
        ),
        Flag::ReadModifyWrite => (Severity::Warning, read_modify_write(record)),
        Flag::Atomic => (
            Severity::Info,
            "an atomic write (RWF_ATOMIC): it reaches the disk either whole or not at all".to_owned(),
        ),
    };
    Note {
        severity,
        flag: Some(flag),
        sentence,
    }
}

fn filesystem(record: &Record) -> &str {
    record.filesystem.as_deref().unwrap_or("the filesystem")
}

fn disk(record: &Record) -> &str {
    record.disk.as_deref().unwrap_or("the device")
}

fn unchecked(record: &Record) -> String {
    let disk = disk(record);
    if disk.starts_with("zram") {
        return format!(
            "dangerous: {disk} treats every segment as a whole page without checking; a buffer that \
             is not page aligned reads wrong data and overwrites memory outside the request, \
             although the call succeeds"
        );
    }
    let one_page = record
        .request
        .as_ref()
        .is_some_and(|request| request.geometry.in_one_page());
    let skipped = if one_page {
        "this kernel skips the check when a request lies inside one page"
    } else {
        "no code on its way checks memory on this kernel"
    };
    format!(
        "dangerous: it breaks the rule in force, but {skipped}; {disk} got memory that its driver \
         may not be able to handle, and success does not prove that the data is right"
    )
}

fn short(record: &Record) -> String {
    let numbers = record.request.as_ref().map_or_else(String::new, |request| {
        format!(": {} of {} bytes", request.result, request.geometry.length)
    });
    format!("fewer bytes than asked for, not at the end of the file{numbers}")
}

fn late(record: &Record) -> String {
    let submission = match record.interface {
        Interface::Sync | Interface::Kernel => "",
        Interface::Aio | Interface::IoUring => {
            ", although the submitting call may have returned success"
        }
    };
    format!(
        "the error came at completion, after bios were submitted: part of a write may be on the \
         disk{submission}"
    )
}

fn serialised(record: &Record) -> String {
    let block = record
        .limits
        .map_or(0, |limits| limits.filesystem_block_size);
    let filesystem = filesystem(record);
    if block == 0 {
        return format!("{filesystem} ran it under an exclusive lock: one at a time for the file");
    }
    format!(
        "not whole filesystem blocks of {block} bytes: {filesystem} ran it under an exclusive \
         lock, one at a time for the file"
    )
}

fn read_modify_write(record: &Record) -> String {
    let block = record.limits.map_or(0, |limits| limits.physical_block_size);
    format!(
        "not whole physical blocks of {block} bytes: {} has to read the rest of a block before it \
         can write it, which costs a rotation of the disk or an erase cycle",
        disk(record)
    )
}

fn of_verdict(record: &Record) -> Option<Note> {
    let (severity, sentence) = match record.verdict {
        Verdict::Buffered => (Severity::Warning, buffered(record)),
        Verdict::Failed if record.flags.contains(Flag::WouldBlock) => return None,
        Verdict::Failed => (Severity::Warning, failed(record)),
        Verdict::Accepted
            if record.flags.contains(Flag::Unchecked) || record.flags.contains(Flag::Hole) =>
        {
            return None;
        }
        Verdict::Accepted => (Severity::Info, accepted(record)),
        Verdict::Aligned | Verdict::Rejected => return None,
    };
    Some(Note {
        severity,
        flag: None,
        sentence,
    })
}

fn buffered(record: &Record) -> String {
    let filesystem = filesystem(record);
    let is_memory = record
        .known_filesystem()
        .is_some_and(|filesystem| filesystem.is_memory);
    let why = match (is_memory, record.cause) {
        (true, _) => ": it has no disk below it and never does direct I/O".to_owned(),
        (_, Some(Cause::Unknown)) => "; the reason is unknown".to_owned(),
        (_, Some(cause)) => format!(": {}", cause.meaning()),
        (_, None) if !record.reasons.is_empty() => ", because it is misaligned".to_owned(),
        (_, None) => " although it is aligned to the device".to_owned(),
    };
    if record.is_raw_device() {
        format!("the page cache served it, not the device, despite O_DIRECT{why}")
    } else {
        format!("{filesystem} served it from the page cache despite O_DIRECT{why}")
    }
}

fn failed(record: &Record) -> String {
    let Some(request) = record.request.as_ref() else {
        return "failed for a reason that is not alignment".to_owned();
    };
    let errno = errno_name(request.result);
    let place = request.geometry.offset | request.geometry.length;
    if let Some(meaning) = errno_meaning(request.result) {
        return format!("failed with {errno}: {meaning}");
    }
    let server = record.engine == Some(Engine::Server) && place & 4095 != 0;
    if server && request.result == -i64::from(libc::EINVAL) {
        return format!(
            "failed with {errno}, which no alignment rule of this kernel explains; the server's own \
             file may have one, because offset or length is not a multiple of 4096"
        );
    }
    format!("failed with {errno}, which no alignment rule of this kernel explains")
}

fn accepted(record: &Record) -> String {
    let checked_by = record
        .request
        .as_ref()
        .and_then(|request| request.checked_by.as_deref());
    match (checked_by, record.disk.as_deref()) {
        (Some(below), Some(disk)) if below != disk => format!(
            "misaligned, and accepted: {below} below it checked it and requires less; this kernel \
             does not apply the limits of {disk} itself"
        ),
        _ => "misaligned, and accepted only because this kernel and device are lenient".to_owned(),
    }
}
