//! Waiting until every eBPF program that runs now has ended.

use std::time::Duration;

/// Waits until every eBPF program that runs now has ended: they run inside RCU read sections, and
/// this command of membarrier(2) is `synchronize_rcu`. On kernels with `nohz_full` CPUs, which do
/// without it, a pause much longer than any program takes its place.
pub(in crate::kernel) fn wait_for_running_programs() {
    const MEMBARRIER_CMD_GLOBAL: libc::c_int = 1;
    // SAFETY: takes no pointers.
    let result = unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) };
    if result != 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
}
