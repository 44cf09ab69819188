//! What to change.

use crate::{
    diagnose::limit::is_block_rule,
    model::{Flags, Reasons, Record, Verdict},
};

/// Enough for the blocks, pages and dma engines in common use.
const SAFE: u32 = 4096;

/// What to change so that a record's requests become aligned, most effective first; empty where
/// nothing needs to change.
#[must_use]
pub fn advice(record: &Record) -> Vec<String> {
    if record.flags.contains(Flags::PROBING) {
        return Vec::new();
    }
    let reasons = record.reasons;
    let limits = record.limits.unwrap_or_default();
    let dma = limits.dma_alignment.saturating_add(1);
    let memory = SAFE.max(limits.logical_block_size).max(dma);
    let block = match is_block_rule(record) {
        true => limits.filesystem_block_size,
        false => limits.logical_block_size.max(512),
    };
    let mut advice = Vec::new();
    if record.flags.contains(Flags::UNCHECKED) {
        advice.push(format!(
            "stop this program from using O_DIRECT on {} until its buffers are aligned to {memory} \
             bytes: data may already be damaged",
            record.disk.as_deref().unwrap_or("this device"),
        ));
    }
    if reasons.contains(Reasons::MEMORY_ADDRESS) || record.flags.contains(Flags::UNCHECKED) {
        advice.push(format!(
            "align buffers to {memory} bytes: posix_memalign(&buffer, {memory}, size)"
        ));
    }
    if [Reasons::SEGMENT_LENGTH, Reasons::TOTAL_LENGTH]
        .iter()
        .any(|one| reasons.contains(*one))
    {
        advice.push(format!(
            "issue I/O in multiples of {block} bytes{}",
            whole_blocks(block)
        ));
    }
    if reasons.contains(Reasons::FILE_OFFSET) {
        advice.push(format!(
            "start I/O at multiples of {block} bytes{}",
            whole_blocks(block)
        ));
    }
    if reasons.contains(Reasons::VIRT_BOUNDARY) {
        let boundary = limits.virt_boundary_mask.saturating_add(1);
        advice.push(format!(
            "use one buffer, or let all segments but the first begin and all but the last end at \
             multiples of {boundary} bytes"
        ));
    }
    if !reasons.is_empty() {
        advice.extend(of_program(record, block));
        advice.push(
            "do not build in a number: ask statx(STATX_DIOALIGN) for each file (from 6.1); \
             `dio-trace inspect PATH` shows what it says"
                .to_owned(),
        );
    }
    advice.extend(of_behaviour(record));
    advice
}

fn whole_blocks(block: u32) -> &'static str {
    if block < SAFE {
        " (4096 also suits disks with 4096-byte blocks)"
    } else {
        ""
    }
}

/// For programs whose settings are known.
fn of_program(record: &Record, block: u32) -> Option<String> {
    let comm: &str = &record.comm;
    if comm.starts_with("qemu-") || comm == "kvm" {
        return Some(format!(
            "give the guest the disk's own block size: -device ...,logical_block_size={block},\
             physical_block_size={block}, or open the image with cache=writeback"
        ));
    }
    match comm {
        "fio" => Some(format!(
            "fio: bs={block}, blockalign={block}, mem_align={SAFE}"
        )),
        "dd" => Some(format!("dd: bs={block}, and seek and skip in whole blocks")),
        _ if assumes_512(record, block) => Some(format!(
            "it seems to take 512 bytes for granted: if that cannot be changed, put the file on a \
             disk with 512-byte blocks, or switch O_DIRECT off (this one has {block})"
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

fn of_behaviour(record: &Record) -> Vec<String> {
    let mut advice = Vec::new();
    if record.flags.contains(Flags::SERIALISED) {
        let block = record
            .limits
            .map_or(SAFE, |limits| limits.filesystem_block_size.max(512));
        advice.push(format!(
            "write whole filesystem blocks ({block} bytes, at multiples of {block}), or make the \
             filesystem with smaller ones (mkfs.xfs -b size=N)"
        ));
    }
    if record.flags.contains(Flags::SHORT) {
        advice.push(
            "go on after a short count only if what remains is still aligned, else start that \
             block again"
                .to_owned(),
        );
    }
    if record.flags.contains(Flags::LATE) {
        advice.push(
            "look at each completion's result (io_event.res, cqe->res); success of the submitting \
             call says nothing"
                .to_owned(),
        );
    }
    if record.verdict == Verdict::Buffered && record.filesystem.as_deref() == Some("btrfs") {
        advice.push(
            "for direct I/O on btrfs, align everything to the sector size (4096) and make the file \
             without data checksums (chattr +C on the empty file), or take O_DIRECT out"
                .to_owned(),
        );
    }
    advice
}
