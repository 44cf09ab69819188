//! Who makes a request, and of which file. The kernel is asked once in each tick of its clock (1 to
//! 10 ms), for each thread and file on each CPU: a program that makes many requests makes most of them
//! of the same file.
//!
//! What is remembered of a file is still true, for all that can make it another one is looked at each
//! time; limits of a device change only while its queue is frozen, which takes longer than a tick. A
//! process' name, user and control group may be those that it had at the beginning of the tick.

use aya_ebpf::helpers::generated::bpf_jiffies64;
use dio_trace_ebpf::abi::{
    counters::parties_number,
    request::{Parties, Request},
    slot::slot_of,
};

use crate::bpf::{
    base::{
        globals::layout,
        kind::ProgramKind,
        pointer::{Access, KernelPtr},
        table,
        words::{clear, copy, exchange, lower_half},
    },
    facts::{owner, target},
    tables::{
        maps::{REMEMBERED, REMEMBERED_BITS},
        values::Remembered,
    },
};

const WORDS: usize = size_of::<Parties>() / size_of::<u64>();

/// Writes down who makes a request of the open `file`, and what that file is.
#[inline(always)]
pub(in crate::bpf) fn fill<P: ProgramKind>(
    request: &mut Request,
    thread: u64,
    file: KernelPtr<P::Access>,
) {
    let inode = file.follow(layout!(file_f_inode));
    request.file = file.address();
    if P::OLD || !table::is_slotted() {
        find_out(&mut request.parties, thread, file, inode);
    } else {
        // SAFETY: takes no arguments.
        let tick = unsafe { bpf_jiffies64() };
        let about = [tick, thread, file.address(), inode.address()];
        let number = slot_of(lower_half(file.address()) ^ thread as u32, REMEMBERED_BITS);
        let place = REMEMBERED.get_ptr_mut(number);
        // SAFETY: a map value lives on.
        let known =
            place.is_some_and(|place| unsafe { recall(place, about, inode, &mut request.parties) });
        if !known {
            find_out(&mut request.parties, thread, file, inode);
            if let Some(place) = place {
                // SAFETY: a map value lives on.
                unsafe { remember(place, about, &request.parties) };
            }
        }
    }
    request.state |= request.parties.state;
    target::measure(request, file, inode);
}

/// Copies what is remembered; false where that is something else, or was changed meanwhile.
///
/// # Safety
/// `place` must be a live map value. All access is volatile, for other programs write there.
#[inline(always)]
unsafe fn recall<A: Access>(
    place: *const Remembered,
    [tick, thread, file, address]: [u64; 4],
    inode: KernelPtr<A>,
    parties: &mut Parties,
) -> bool {
    let number = inode.read::<u64>(layout!(inode_i_ino));
    let generation = inode.read::<u32>(layout!(inode_i_generation));
    // SAFETY: the caller's word; both places have as many words.
    unsafe {
        // Before all else that is remembered.
        let version = (&raw const (*place).version).read_volatile();
        let id = &raw const (*place).parties.id;
        let same = (&raw const (*place).tick).read_volatile() == tick
            && (&raw const (*place).thread).read_volatile() == thread
            && (&raw const (*place).file).read_volatile() == file
            && (&raw const (*place).inode).read_volatile() == address
            && (&raw const (*id).inode).read_volatile() == number
            && (&raw const (*id).generation).read_volatile() == generation;
        if version & 1 != 0 || !same {
            return false;
        }
        copy::<u64, WORDS>(
            (&raw const (*place).parties).cast(),
            (&raw mut *parties).cast(),
        );
        (&raw const (*place).version).read_volatile() == version
    }
}

/// Replaces what is remembered, unless that is what another program is about.
///
/// # Safety
/// As for [`recall`].
#[inline(always)]
unsafe fn remember(
    place: *mut Remembered,
    [tick, thread, file, inode]: [u64; 4],
    parties: &Parties,
) {
    // SAFETY: the caller's word; both places have as many words.
    unsafe {
        let version = (&raw const (*place).version).read_volatile();
        if version & 1 != 0 || exchange(&raw mut (*place).version, version, version + 1) != version
        {
            return;
        }
        (&raw mut (*place).tick).write_volatile(tick);
        (&raw mut (*place).thread).write_volatile(thread);
        (&raw mut (*place).file).write_volatile(file);
        (&raw mut (*place).inode).write_volatile(inode);
        copy::<u64, WORDS>(
            (&raw const *parties).cast(),
            (&raw mut (*place).parties).cast(),
        );
        (&raw mut (*place).version).write_volatile(version + 2);
    }
}

/// Asks the kernel.
#[inline(never)]
fn find_out<A: Access>(
    parties: &mut Parties,
    thread: u64,
    file: KernelPtr<A>,
    inode: KernelPtr<A>,
) -> u32 {
    // SAFETY: integers, or arrays of integers.
    unsafe { clear::<WORDS>((&raw mut *parties).cast()) };
    owner::identify(parties, thread);
    target::identify(parties, file, inode);
    let process = [parties.pid, parties.uid];
    parties.number = parties_number(&parties.id, parties.cgroup, process, parties.comm);
    0
}
