//! Advice: what to change in the program.

use dio_trace_ebpf::filesystems::BTRFS;

use crate::{
    diagnose::limit::is_block_rule,
    model::{Cause, Flag, Interface, Reason, Reasons, Record, Verdict},
};

/// Alignment that suits the blocks, pages and dma engines in common use, bytes.
const SAFE: u32 = 4096;

/// Reasons that concern the place and length of a request in the file, and not memory.
const IN_FILE: Reasons = Reasons::of(&[
    Reason::SegmentLength,
    Reason::TotalLength,
    Reason::FileOffset,
]);

/// Advice on how a record's requests become aligned, most effective first; empty where nothing needs
/// to change.
#[must_use]
pub fn advice(record: &Record) -> Vec<String> {
    if record.flags.contains(Flag::Probing) {
        return Vec::new();
    }
    let mut advice = match record.verdict {
        // Their alignment is not what is wrong with them.
        Verdict::Aligned | Verdict::Failed => Vec::new(),
        Verdict::Accepted | Verdict::Buffered | Verdict::Rejected => of_alignment(record),
    };
    advice.extend(of_cause(record));
    advice.extend(of_behaviour(record));
    advice
}

fn of_alignment(record: &Record) -> Vec<String> {
    let reasons = record.reasons;
    let limits = record.limits.unwrap_or_default();
    let dma = limits.dma_alignment.saturating_add(1);
    let memory = SAFE.max(limits.logical_block_size).max(dma);
    let block = match is_block_rule(record) {
        true => limits.filesystem_block_size,
        false => limits.logical_block_size.max(512),
    };
    let unchecked = record.flags.contains(Flag::Unchecked);
    let mut advice = Vec::new();
    if unchecked {
        advice.push(format!(
            "stop this program from using O_DIRECT on {} until its buffers are aligned to {memory} \
             bytes: data may already be damaged",
            record.disk.as_deref().unwrap_or("this device"),
        ));
    }
    if reasons.contains(Reason::MemoryAddress) || unchecked {
        advice.push(format!(
            "align buffers to {memory} bytes: posix_memalign(&buffer, {memory}, size)"
        ));
    }
    if reasons.contains(Reason::SegmentLength) || reasons.contains(Reason::TotalLength) {
        advice.push(format!(
            "issue I/O in multiples of {block} bytes{}",
            whole_blocks(block)
        ));
    }
    if reasons.contains(Reason::FileOffset) {
        advice.push(format!(
            "start I/O at multiples of {block} bytes{}",
            whole_blocks(block)
        ));
    }
    if reasons.contains(Reason::VirtBoundary) {
        let boundary = limits.virt_boundary_mask.saturating_add(1);
        advice.push(format!(
            "use one buffer, or let all segments but the first begin and all but the last end at \
             multiples of {boundary} bytes"
        ));
    }
    advice.extend(of_atomic(record));
    if !reasons.is_empty() {
        advice.extend(of_program(record, block));
        advice.push(
            "do not hard-code a number: ask statx(STATX_DIOALIGN) for each file (from 6.1); \
             `dio-trace inspect PATH` shows its answer"
                .to_owned(),
        );
    }
    advice
}

fn whole_blocks(block: u32) -> &'static str {
    if block < SAFE {
        " (4096 also suits disks with 4096-byte blocks)"
    } else {
        ""
    }
}

fn of_atomic(record: &Record) -> Vec<String> {
    let mut advice = Vec::new();
    let units = record
        .request
        .as_ref()
        .and_then(|request| request.atomic_units)
        .filter(|units| units.max != 0);
    if record.reasons.contains(Reason::AtomicLength) {
        advice.push(match units {
            Some(units) => format!(
                "make atomic writes a power of two from {} to {} bytes long: statx(STATX_WRITE_ATOMIC) \
                 returns the limits of a file",
                units.min, units.max
            ),
            None => "make the length of atomic writes a power of two: statx(STATX_WRITE_ATOMIC) returns \
                     the limits of a file"
                .to_owned(),
        });
    }
    if record.reasons.contains(Reason::AtomicOffset) {
        advice.push("start an atomic write at a multiple of its own length".to_owned());
    }
    if record.reasons.contains(Reason::AtomicSegments) {
        advice.push("make atomic writes from one buffer, not from a vector".to_owned());
    }
    advice
}

/// Advice for programs whose options are known, where these are at fault.
fn of_program(record: &Record, block: u32) -> Option<String> {
    let comm: &str = &record.comm;
    let in_file = !record.reasons.intersection(IN_FILE).is_empty();
    if comm.starts_with("qemu-") || comm == "kvm" {
        return in_file.then(|| {
            format!(
                "give the guest the disk's own block size: -device ...,logical_block_size={block},\
                 physical_block_size={block}, or open the image with cache=writeback"
            )
        });
    }
    match comm {
        "fio" => Some(format!(
            "fio: bs={block}, blockalign={block}, mem_align={SAFE}"
        )),
        "dd" if in_file => Some(format!("dd: bs={block}, and seek and skip in whole blocks")),
        "dd" => Some(
            "GNU dd aligns its buffer to a page; other implementations of dd may not".to_owned(),
        ),
        _ if assumes_512(record, block) => Some(format!(
            "it seems to assume 512-byte blocks, and this disk has {block}: if that cannot be \
             changed, put the file on a disk with 512-byte blocks, or switch O_DIRECT off"
        )),
        _ => None,
    }
}

/// Whether a request is in units of 512 bytes on a disk with larger blocks.
fn assumes_512(record: &Record, block: u32) -> bool {
    block > 512
        && !is_block_rule(record)
        && record.request.as_ref().is_some_and(|request| {
            let geometry = &request.geometry;
            geometry.length_alignment().min(geometry.offset_alignment()) == 512
        })
}

/// Advice on how the filesystem does it directly.
fn of_cause(record: &Record) -> Option<String> {
    let block = record
        .limits
        .map_or(SAFE, |limits| limits.filesystem_block_size.max(512));
    if record.verdict != Verdict::Buffered {
        return None;
    }
    let Some(cause) = record.cause else {
        // An old recording has no causes.
        return is_btrfs(record).then(|| {
            "for direct I/O on btrfs, align everything to the sector size (4096) and make the file \
             without data checksums (chattr +C on the empty file), or remove O_DIRECT"
                .to_owned()
        });
    };
    Some(match cause {
        Cause::Checksums => {
            "make the file without data checksums (chattr +C on the empty file, or mount with \
             nodatasum), or remove O_DIRECT"
                .to_owned()
        }
        Cause::Compression => {
            "keep the file uncompressed (chattr +m, or `btrfs property set FILE compression none` \
             and write it again), or remove O_DIRECT"
                .to_owned()
        }
        Cause::SharedExtents => format!(
            "write whole blocks of {block} bytes, or write to a file that shares no extents (made \
             with cp --reflink=never)"
        ),
        Cause::Encryption => format!(
            "an encrypted file allows direct I/O only in whole blocks of {block} bytes, memory \
             included, and only if the block layer encrypts its contents (inlinecrypt)"
        ),
        Cause::Verity => "a file with fs-verity is read through the page cache: remove O_DIRECT"
            .to_owned(),
        Cause::JournalledData => {
            "mount with data=ordered and remove the file's own flag (chattr -j), or remove O_DIRECT"
                .to_owned()
        }
        Cause::InlineData => {
            "the file is so small that it is stored in its inode: its I/O is direct once it has grown"
                .to_owned()
        }
        Cause::HoleFilled => {
            "write each place once through the page cache, or allocate it, before direct writes"
                .to_owned()
        }
        Cause::CacheBusy => {
            "do not map the file or write it through the page cache (another program, a mounted \
             filesystem on the same device) while it is written directly"
                .to_owned()
        }
        Cause::FilesystemBlock => format!("{} whole blocks of {block} bytes", record.operation),
        Cause::Unknown => return None,
    })
}

fn is_btrfs(record: &Record) -> bool {
    record.known_filesystem() == Some(&BTRFS)
}

fn block_size_option(record: &Record) -> Option<&'static str> {
    record.known_filesystem()?.block_size_option
}

fn of_behaviour(record: &Record) -> Vec<String> {
    let block = record
        .limits
        .map_or(SAFE, |limits| limits.filesystem_block_size.max(512));
    record
        .flags
        .iter()
        .filter_map(|flag| match flag {
            Flag::Serialised => Some(match block_size_option(record) {
                Some(option) => format!(
                    "write whole filesystem blocks ({block} bytes, at multiples of {block}), or make \
                     the filesystem with smaller ones ({option})"
                ),
                None => format!(
                    "write whole filesystem blocks ({block} bytes, at multiples of {block}) from \
                     memory that is aligned to as many"
                ),
            }),
            Flag::Extends => Some(
                "allocate the file to its size before writing it directly (fallocate, then write \
                 once), so that writes do not extend it"
                    .to_owned(),
            ),
            Flag::Short => Some(
                "after a short count, continue only if the rest is still aligned; otherwise repeat \
                 that block"
                    .to_owned(),
            ),
            Flag::Late => match record.interface {
                Interface::Aio => Some(
                    "check the result of each completion (io_event.res): success of the submitting \
                     call means nothing"
                        .to_owned(),
                ),
                Interface::IoUring => Some(
                    "check the result of each completion (cqe->res): success of the submitting call \
                     means nothing"
                        .to_owned(),
                ),
                Interface::Sync | Interface::Kernel => None,
            },
            Flag::ReadModifyWrite => record.limits.map(|limits| {
                let block = limits.physical_block_size;
                format!("write whole physical blocks ({block} bytes, at multiples of {block})")
            }),
            Flag::Unchecked
            | Flag::Copied
            | Flag::Probing
            | Flag::EndOfFile
            | Flag::Hole
            | Flag::WouldBlock
            | Flag::Atomic => None,
        })
        .collect()
}
