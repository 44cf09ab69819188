//! Sending: details of requests, within each process' share, and files when they are first met.

use aya_ebpf::helpers::{bpf_get_prandom_u32, bpf_ktime_get_boot_ns};
use dio_trace_ebpf::{
    abi::{
        EventKind,
        file::{FILE_WAYS, FileEvent, FileId},
        request::{Request, RequestEvent},
        settings::Settings,
    },
    verifier::{forget, is_nonzero, low_bits},
    words::LossCause,
};

use crate::bpf::{
    base::{
        globals::{layout, setting},
        kind::ProgramKind,
        pointer::KernelPtr,
        words::{clear, copy},
    },
    facts::{
        path,
        target::{self, copy_limits},
    },
    outcome::verdict::Judged,
    tables::{
        losses::lost,
        maps::{EVENTS, FILES_EPOCH, FILES_SENT, SHARES, SHARES_COUNT},
        wake,
    },
};

/// Sends a finished request. False where it is not sent, for a cause that is noted.
#[inline(always)]
pub(in crate::bpf) fn detail(request: &Request, judged: Judged, result: i64) -> bool {
    // SAFETY: takes no arguments.
    let now = unsafe { bpf_ktime_get_boot_ns() };
    if !within_share(request.parties.pid, now) {
        lost(LossCause::DetailCapped);
        return false;
    }
    let Some(mut entry) = EVENTS.reserve::<RequestEvent>(0) else {
        lost(LossCause::DetailBufferFull);
        return false;
    };
    let event = entry.as_mut_ptr();
    // SAFETY: the reserved entry is ours, and every field is written before it is submitted.
    unsafe {
        (*event).kind = EventKind::Request as u32;
        (*event).verdict = u32::from(judged.verdict());
        (*event).request = *request;
        (*event).result = result;
        (*event).latency = now.saturating_sub(request.time);
        (*event).reasons = u32::from(judged.reasons());
        (*event).flags = judged.flags();
    }
    entry.submit(wake::for_entry());
    true
}

/// Whether a process may send one more detail in the present window.
#[inline(always)]
fn within_share(pid: u32, now: u64) -> bool {
    const LAST: i32 = SHARES_COUNT as i32 - 1;
    let Some(share) = SHARES.get_ptr_mut(low_bits::<LAST>(u64::from(pid)) as u32) else {
        return false;
    };
    let rate = u64::from(setting!(detail_rate));
    // SAFETY: a map value lives on. Two CPUs may race here, which lets a few details more through
    // and miscounts nothing.
    unsafe {
        if now.saturating_sub((*share).window) >= Settings::DETAIL_WINDOW {
            (*share).window = now;
            (*share).sent = 0;
        }
        (*share).sent += 1;
        (*share).sent <= rate
    }
}

/// Sends name and limits of a file, unless that was done before.
#[inline(never)]
pub(in crate::bpf) fn file<P: ProgramKind>(id: &FileId, file: u64) -> u32 {
    let number = id.number(FILES_EPOCH.get(0).copied().unwrap_or(0));
    let Some(set) = FILES_SENT.get_ptr_mut(FileId::set_of(number)) else {
        return 0;
    };
    // SAFETY: a map value lives on. Two CPUs may race here, and then a file is sent twice.
    let set = unsafe { &mut (*set).0 };
    let (found, place) = look(set, number);
    if found {
        return 0;
    }
    let Some(mut entry) = EVENTS.reserve::<FileEvent>(0) else {
        lost(LossCause::PathUnresolved);
        return 0;
    };
    let event = entry.as_mut_ptr();
    let open = KernelPtr::at(file);
    let inode = open.follow(layout!(file_f_inode));
    // SAFETY: the reserved entry is ours; userspace reads `path` only as far as it was
    // written.
    unsafe {
        (*event).kind = EventKind::File as u32;
        (*event).id = *id;
        // First, while the verifier knows of no other values that it would have to walk this with.
        let steps = path::components::<P>(event, open);
        (*event).path_steps = forget(steps, inode.address()) as u32;
        clear::<4>((&raw mut (*event).disk_name).cast());
        clear::<2>((&raw mut (*event).filesystem).cast());
        let device = target::device(inode, open);
        let (number, limits) = target::number_and_limits(device);
        (*event).disk = number;
        (*event).limits = limits;
        if !device.is_null() {
            target::disk_name(device, &raw mut (*event).disk_name);
        } else if let Some(told) = target::told_device(id.device) {
            (*event).disk = told.disk;
            copy_limits(&told.limits, &raw mut (*event).limits);
            copy::<u32, 8>(
                (&raw const told.disk_name).cast(),
                (&raw mut (*event).disk_name).cast(),
            );
        }
        (*event).limits.filesystem_block_size = target::block_size(inode, open);
        if target::is_block_device(inode) {
            const BLOCK: [u8; 8] = *b"block\0\0\0";
            let word = (&raw mut (*event).filesystem).cast::<u64>();
            *word = u64::from_ne_bytes(BLOCK);
        } else {
            target::filesystem(inode, &raw mut (*event).filesystem);
        }
        if (*event).path_steps == 0 {
            lost(LossCause::PathUnresolved);
        }
    }
    entry.submit(wake::for_entry());
    if let Some(place) = set.get_mut(low_bits::<{ FILE_WAYS as i32 - 1 }>(place)) {
        *place = number;
    }
    0
}

/// Whether a file is in its set, and the place it can have: a free one, or else any. Without
/// branches, each of which the verifier would follow.
#[inline(always)]
fn look(set: &[u64; FILE_WAYS], number: u64) -> (bool, u64) {
    // SAFETY: takes no arguments.
    let mut place = u64::from(unsafe { bpf_get_prandom_u32() });
    let mut differ = 1;
    for (way, &sent) in set.iter().enumerate() {
        differ &= is_nonzero(sent ^ number);
        let free = (is_nonzero(sent) ^ 1).wrapping_neg();
        place ^= (place ^ way as u64) & free;
    }
    (differ == 0, place)
}
