//! Who submits a request.

use aya_ebpf::{
    bindings::task_struct,
    helpers::{
        bpf_get_current_pid_tgid, bpf_get_current_task, bpf_get_current_task_btf,
        bpf_get_current_uid_gid,
        generated::{bpf_get_current_cgroup_id, bpf_get_current_comm},
    },
};
use dio_trace_ebpf::abi::request::Origin;

use super::{
    globals::{layout, setting},
    maps::TRACED_PROCESSES,
    memory::Kernel,
};

/// The running thread: thread group in the upper half, thread in the lower.
#[inline(always)]
pub(super) fn current_thread() -> u64 {
    bpf_get_current_pid_tgid()
}

/// Whether the running thread is to be traced.
#[inline(always)]
pub(super) fn is_traced(thread: u64) -> bool {
    let pid = (thread >> 32) as u32;
    if setting!(own_pid) != 0 && pid == setting!(own_pid) {
        return false;
    }
    setting!(only_traced) == 0 || TRACED_PROCESSES.get_ptr(pid).is_some()
}

/// Writes down process, thread, user, control group and names.
#[inline(always)]
pub(super) fn identify<const TRACING: bool>(origin: &mut Origin, thread: u64) {
    origin.pid = (thread >> 32) as u32;
    origin.tid = thread as u32;
    // SAFETY: takes no arguments.
    origin.cgroup = unsafe { bpf_get_current_cgroup_id() };
    // SAFETY: as many bytes as are given. It cannot fail, and leaves NULs if it did.
    unsafe { bpf_get_current_comm(origin.thread.as_mut_ptr().cast(), 16) };
    origin.comm = origin.thread;
    if TRACING && setting!(current_task_btf) != 0 {
        // SAFETY: takes no arguments; there from 5.11, which the setting tells.
        let task = Kernel::<true>(unsafe { bpf_get_current_task_btf() }.cast());
        // What `bpf_get_current_uid_gid` gives, at a tenth of its cost: the number that the kernel
        // has of a user is that of the initial user namespace.
        origin.uid = task
            .follow(layout!(task_struct_cred))
            .read(layout!(cred_uid));
        if origin.pid != origin.tid {
            origin.comm = leader_comm(task);
        }
    } else {
        origin.uid = bpf_get_current_uid_gid() as u32;
        if origin.pid != origin.tid {
            // SAFETY: takes no arguments.
            let task = unsafe { bpf_get_current_task() } as *const task_struct;
            origin.comm = leader_comm(Kernel::<false>(task.cast()));
        }
    }
}

#[inline(always)]
fn leader_comm<const TRACING: bool>(task: Kernel<TRACING>) -> [u8; 16] {
    let leader = task.follow(layout!(task_struct_group_leader));
    // The helper, since the verifier allows no plain load of 16 bytes.
    leader.probed().read(layout!(task_struct_comm))
}
