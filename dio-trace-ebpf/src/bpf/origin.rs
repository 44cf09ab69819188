//! Who makes a request, and of which file. The kernel is asked once in each tick of its clock (1 to
//! 10 ms), for each thread and file on each CPU: a program that makes many requests makes most of them
//! of the same file.
//!
//! What is remembered of a file is still true, for all that can make it another one is looked at each
//! time; limits of a device change only while its queue is frozen, which takes longer than a tick. A
//! process' name, user and control group may be those that it had at the beginning of the tick.

use aya_ebpf::helpers::generated::bpf_jiffies64;
use dio_trace_ebpf::abi::{
    counters::origin_number,
    request::{Origin, Request},
    slot::slot_of,
};

use super::{
    globals::layout,
    maps::{REMEMBERED, REMEMBERED_BITS},
    memory::{Kernel, clear, copy, exchange, lower_half},
    owner, slots, target,
};

/// What was found out last.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Remembered {
    /// Even where the rest is whole. A program may be preempted on its CPU by another one that uses
    /// the same place.
    version: u64,
    /// When it was true, in jiffies.
    tick: u64,
    /// The thread, as [`owner::current_thread`] gives it.
    thread: u64,
    /// Address of the `struct file`.
    file: u64,
    /// Address of its `struct inode`.
    inode: u64,
    origin: Origin,
}

const WORDS: usize = size_of::<Origin>() / size_of::<u64>();

/// Writes down who makes a request of the open `file`, and what that file is. `BOUNDED` as in
/// [`Table::find_or_claim`](super::slots::Table::find_or_claim).
#[inline(always)]
pub(super) fn fill<const TRACING: bool, const BOUNDED: bool>(
    request: &mut Request,
    thread: u64,
    file: Kernel<TRACING>,
) {
    let inode = file.follow(layout!(file_f_inode));
    request.file = file.0 as u64;
    request.origin.id.inode = inode.read(layout!(inode_i_ino));
    request.origin.id.generation = inode.read(layout!(inode_i_generation));
    if BOUNDED || !slots::is_slotted() {
        find_out(&mut request.origin, thread, file, inode);
    } else {
        // SAFETY: takes no arguments.
        let tick = unsafe { bpf_jiffies64() };
        let number = slot_of(lower_half(file.0 as u64) ^ thread as u32, REMEMBERED_BITS);
        let place = REMEMBERED.get_ptr_mut(number);
        let known = place.is_some_and(|place| {
            // SAFETY: a map value lives on.
            let place = unsafe { &*place };
            place.tick == tick
                && place.thread == thread
                && place.file == file.0 as u64
                && place.inode == inode.0 as u64
                && recall(place, &mut request.origin)
        });
        if !known {
            find_out(&mut request.origin, thread, file, inode);
            if let Some(place) = place {
                // SAFETY: a map value lives on.
                let place = unsafe { &mut *place };
                let about = [tick, thread, file.0 as u64, inode.0 as u64];
                remember(place, about, &request.origin);
            }
        }
    }
    request.state |= request.origin.state;
    target::measure(request, file, inode);
}

/// Whether what is remembered is of the file with this inode number and generation, and whole: if it
/// is, it was copied.
#[inline(always)]
fn recall(place: &Remembered, origin: &mut Origin) -> bool {
    // SAFETY: live places of as many words. Volatile, so that it is not read once for all.
    unsafe {
        let version = (&raw const place.version).read_volatile();
        if version & 1 != 0
            || place.origin.id.inode != origin.id.inode
            || place.origin.id.generation != origin.id.generation
        {
            return false;
        }
        copy::<u64, WORDS>((&raw const place.origin).cast(), (&raw mut *origin).cast());
        (&raw const place.version).read_volatile() == version
    }
}

#[inline(always)]
fn remember(place: &mut Remembered, [tick, thread, file, inode]: [u64; 4], origin: &Origin) {
    // SAFETY: live places of as many words.
    unsafe {
        let version = (&raw const place.version).read_volatile();
        if version & 1 != 0 || exchange(&raw mut place.version, version, version + 1) != version {
            return;
        }
        (&raw mut place.tick).write_volatile(tick);
        (&raw mut place.thread).write_volatile(thread);
        (&raw mut place.file).write_volatile(file);
        (&raw mut place.inode).write_volatile(inode);
        copy::<u64, WORDS>((&raw const *origin).cast(), (&raw mut place.origin).cast());
        (&raw mut place.version).write_volatile(version + 2);
    }
}

/// Asks the kernel. Inode number and generation are there already.
#[inline(never)]
fn find_out<const TRACING: bool>(
    origin: &mut Origin,
    thread: u64,
    file: Kernel<TRACING>,
    inode: Kernel<TRACING>,
) -> u32 {
    let (number, generation) = (origin.id.inode, origin.id.generation);
    // SAFETY: integers, or arrays of integers.
    unsafe { clear::<WORDS>((&raw mut *origin).cast()) };
    origin.id.inode = number;
    origin.id.generation = generation;
    owner::identify::<TRACING>(origin, thread);
    target::identify(origin, file, inode);
    let process = [origin.pid, origin.uid];
    origin.number = origin_number(&origin.id, origin.cgroup, process, origin.comm);
    0
}
