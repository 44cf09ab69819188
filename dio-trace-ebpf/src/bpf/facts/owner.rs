//! Who submits a request.

use aya_ebpf::helpers::{
    bpf_get_current_task, bpf_get_current_uid_gid,
    generated::{bpf_get_current_cgroup_id, bpf_get_current_comm},
};
use dio_trace_ebpf::abi::request::Origin;

use crate::bpf::{
    base::{
        globals::{layout, setting},
        map::Values,
        pointer::KernelPtr,
    },
    tables::maps::TRACED_PROCESSES,
};

/// Whether the running thread is to be traced.
#[inline(always)]
pub(in crate::bpf) fn is_traced(thread: u64) -> bool {
    let pid = (thread >> 32) as u32;
    if setting!(own_pid) != 0 && pid == setting!(own_pid) {
        return false;
    }
    setting!(only_traced) == 0 || TRACED_PROCESSES.value(&pid).is_some()
}

/// Fills in process, thread, user, control group and names.
///
/// Not by plain loads through `bpf_get_current_task_btf`: for each pointer that is followed from the
/// task, the verifier searches all of the kernel's types for a name that is not there.
#[inline(always)]
pub(in crate::bpf) fn identify(origin: &mut Origin, thread: u64) {
    origin.pid = (thread >> 32) as u32;
    origin.tid = thread as u32;
    origin.uid = bpf_get_current_uid_gid() as u32;
    // SAFETY: takes no arguments.
    origin.cgroup = unsafe { bpf_get_current_cgroup_id() };
    // SAFETY: the helper writes no more than the bytes given. It does not fail for a running thread.
    unsafe { bpf_get_current_comm(origin.thread.as_mut_ptr().cast(), 16) };
    origin.comm = origin.thread;
    if origin.pid != origin.tid {
        // SAFETY: takes no arguments.
        let task = unsafe { bpf_get_current_task() };
        let leader = KernelPtr::at(task).follow(layout!(task_struct_group_leader));
        origin.comm = leader.read(layout!(task_struct_comm));
    }
}
