//! Who makes a request, and of which file. The kernel is asked once in each tick of its clock (1 to
//! 10 ms), for each thread and file on each CPU: a program that makes many requests makes most of them
//! to the same file.
//!
//! A cached entry cannot name the wrong file: inode number, generation and both addresses are compared
//! on every use. Limits of a device change only while its queue is frozen, which takes longer than a
//! tick. Name, user and control group of a process may be those from the beginning of the tick.

use aya_ebpf::helpers::generated::bpf_jiffies64;
use dio_trace_ebpf::{
    abi::{
        counters::origin_number,
        request::{Origin, Request},
    },
    field,
    memory::{InMap, clear},
};

use crate::bpf::{
    base::{
        globals::layout,
        kind::ProgramKind,
        pointer::{Access, KernelPtr},
        table,
    },
    facts::{cached, owner, rejected, target},
    tables::values::CachedOrigin,
};

/// Fills in who makes a request of the open `file`, and what that file is.
#[inline(always)]
pub(in crate::bpf) fn fill<P: ProgramKind>(
    request: &mut Request,
    thread: u64,
    file: KernelPtr<P::Access>,
) {
    let inode = file.follow(layout!(file_f_inode));
    request.file = file.address();
    if P::OLD || !table::is_slotted() {
        find_out(&mut request.origin, thread, file, inode);
    } else {
        // SAFETY: takes no arguments.
        let tick = unsafe { bpf_jiffies64() };
        let generation = u64::from(inode.read::<u32>(layout!(inode_i_generation)));
        let about = [tick, thread, file.address(), inode.address(), generation];
        let place = cached::place(file.address(), thread as u32);
        let known = place.is_some_and(|place| recall(place, about, inode, &mut request.origin));
        if !known {
            find_out(&mut request.origin, thread, file, inode);
            if let Some(place) = place {
                remember(place, about, &request.origin);
            }
        }
    }
    request.state |= request.origin.state;
    target::measure(request, file, inode);
}

/// Copies the cached entry; false if it is about something else, or was changed meanwhile.
#[inline(always)]
fn recall<A: Access>(
    place: InMap<CachedOrigin>,
    [tick, thread, file, address, generation]: [u64; 5],
    inode: KernelPtr<A>,
    origin: &mut Origin,
) -> bool {
    let number = inode.read::<u64>(layout!(inode_i_ino));
    // Before everything else in the entry.
    let version = field!(place, version).read();
    let id = field!(place, origin.id);
    let same = field!(place, tick).read() == tick
        && field!(place, thread).read() == thread
        && field!(place, file).read() == file
        && field!(place, inode).read() == address
        && field!(id, inode).read() == number
        && field!(place, generation).read() == generation;
    if version & 1 != 0 || !same {
        return false;
    }
    field!(place, origin).copy_to(origin);
    field!(place, version).read() == version
}

/// Replaces the cached entry, unless another program is doing that.
#[inline(always)]
fn remember(
    place: InMap<CachedOrigin>,
    [tick, thread, file, inode, generation]: [u64; 5],
    origin: &Origin,
) {
    let version = field!(place, version);
    let before = version.read();
    if before & 1 != 0 || version.exchange(before, before + 1) != before {
        return;
    }
    field!(place, tick).write(tick);
    field!(place, thread).write(thread);
    field!(place, file).write(file);
    field!(place, inode).write(inode);
    field!(place, generation).write(generation);
    field!(place, origin).copy_from(origin);
    version.write(before + 2);
}

/// Asks the kernel.
#[inline(never)]
fn find_out<A: Access>(
    origin: &mut Origin,
    thread: u64,
    file: KernelPtr<A>,
    inode: KernelPtr<A>,
) -> u32 {
    clear(origin);
    owner::identify(origin, thread);
    target::identify(origin, file, inode);
    let process = [origin.pid, origin.uid];
    origin.number = origin_number(&origin.id, origin.cgroup, process, origin.comm);
    rejected::look(origin);
    0
}
