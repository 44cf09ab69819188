//! Sending: details of requests, within each process' share, and files when they are first seen.

use aya_ebpf::helpers::{bpf_get_prandom_u32, bpf_ktime_get_boot_ns};
use dio_trace_ebpf::{
    abi::{
        EventKind,
        file::{FILE_WAYS, FileEvent, FileId},
        request::{Request, RequestEvent},
        settings::Settings,
    },
    field,
    filesystems::RAW_DEVICE_WORD,
    memory::{InMap, clear_words, copy_words},
    verifier::{is_nonzero, low_bits, opaque},
    words::LossCause,
};

use crate::bpf::{
    base::{
        globals::{layout, setting},
        kind::ProgramKind,
        map::Values,
        pointer::KernelPtr,
    },
    facts::{
        device,
        filesystem::{self, is_block_device},
        path, target,
    },
    outcome::verdict::Judged,
    tables::{
        events::reserve,
        losses::lost,
        maps::{FILES_EPOCH, FILES_SENT, SHARES, SHARES_COUNT},
    },
};

/// Sends a finished request. False if it is not sent; the cause is counted as a loss.
#[inline(always)]
pub(in crate::bpf) fn detail(request: &Request, judged: Judged, cause: u8, result: i64) -> bool {
    // SAFETY: takes no arguments.
    let now = unsafe { bpf_ktime_get_boot_ns() };
    if !within_share(request.origin.pid, now) {
        lost(LossCause::DetailCapped);
        return false;
    }
    let Some(mut entry) = reserve::<RequestEvent>() else {
        lost(LossCause::DetailBufferFull);
        return false;
    };
    let event = entry.event();
    event.kind = EventKind::Request as u32;
    event.verdict = u32::from(judged.verdict());
    event.request = *request;
    event.result = result;
    event.latency = now.saturating_sub(request.time);
    event.reasons = u32::from(judged.reasons());
    event.flags = judged.flags();
    event.cause = u32::from(cause);
    event.reserved = 0;
    entry.submit();
    true
}

/// Whether a process may send one more detail in the current window.
#[inline(always)]
fn within_share(pid: u32, now: u64) -> bool {
    const LAST: i32 = SHARES_COUNT as i32 - 1;
    let Some(share) = SHARES.value(low_bits::<LAST>(u64::from(pid)) as u32) else {
        return false;
    };
    let rate = u64::from(setting!(detail_rate));
    let (window, sent) = (field!(share, window), field!(share, sent));
    // Two CPUs may race here, which lets a few details more through and miscounts nothing.
    if now.saturating_sub(window.read()) >= Settings::DETAIL_WINDOW {
        window.write(now);
        sent.write(0);
    }
    let number = sent.read() + 1;
    sent.write(number);
    number <= rate
}

/// Sends name and limits of a file, unless they were sent before.
#[inline(never)]
pub(in crate::bpf) fn file<P: ProgramKind>(id: &FileId, file: u64) -> u32 {
    let epoch = FILES_EPOCH.value(0).map_or(0, InMap::read);
    let number = id.number(epoch);
    let Some(set) = FILES_SENT.value(FileId::set_of(number)) else {
        return 0;
    };
    let set = field!(set, 0);
    // Two CPUs may race here, and then a file is sent twice.
    let (found, place) = look(set, number);
    if found {
        return 0;
    }
    let Some(mut entry) = reserve::<FileEvent>() else {
        lost(LossCause::PathUnresolved);
        return 0;
    };
    let event = entry.event();
    let open = KernelPtr::at(file);
    let inode = open.follow(layout!(file_f_inode));
    event.kind = EventKind::File as u32;
    event.id = *id;
    // First, while the verifier knows no other values that it would combine this with.
    let steps = path::components::<P>(&mut event.path, open);
    event.path_steps = opaque(steps, inode.address()) as u32;
    // SAFETY: as many words, aligned to 8 bytes in the event.
    unsafe {
        clear_words(event.disk_name.as_mut_ptr().cast(), 4);
        clear_words(event.filesystem.as_mut_ptr().cast(), 2);
    }
    let disk = filesystem::device(inode, open);
    (event.disk, event.limits) = device::number_and_limits(disk);
    if !disk.is_null() {
        device::disk_name(disk, &mut event.disk_name);
    } else if let Some(known) = target::device_by_mount(id.device) {
        event.disk = field!(known, disk).read();
        field!(known, limits).copy_to(&mut event.limits);
        // SAFETY: as many halves of words, aligned to 4 bytes in both.
        unsafe {
            copy_words::<u32>(
                field!(known, disk_name).as_ptr().cast(),
                event.disk_name.as_mut_ptr().cast(),
                8,
            );
        }
    }
    event.limits.filesystem_block_size = target::block_size(inode, open);
    if is_block_device(inode) {
        // SAFETY: the first of two words, aligned.
        unsafe { *event.filesystem.as_mut_ptr().cast() = RAW_DEVICE_WORD };
    } else {
        target::filesystem(inode, &mut event.filesystem);
    }
    if event.path_steps == 0 {
        lost(LossCause::PathUnresolved);
    }
    entry.submit();
    set.element::<{ FILE_WAYS as i32 - 1 }>(place).write(number);
    0
}

/// Whether a file is in its set, and the place that it can have: a free one, or else any. Without
/// branches: the verifier would follow each of them.
#[inline(always)]
fn look(set: InMap<[u64; FILE_WAYS]>, number: u64) -> (bool, u64) {
    // SAFETY: takes no arguments.
    let mut place = u64::from(unsafe { bpf_get_prandom_u32() });
    let mut differ = 1;
    for (way, sent) in set.elements().enumerate() {
        let sent = sent.read();
        differ &= is_nonzero(sent ^ number);
        let free = (is_nonzero(sent) ^ 1).wrapping_neg();
        place ^= (place ^ way as u64) & free;
    }
    (differ == 0, place)
}
