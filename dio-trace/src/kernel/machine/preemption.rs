//! Whether the kernel can preempt an eBPF program.

use std::fs;

use crate::kernel::machine::proc::system;

/// Whether the running kernel can preempt an eBPF program; true where that is not known.
pub(in crate::kernel) fn is_possible() -> bool {
    let mode = fs::read_to_string("/sys/kernel/debug/sched/preempt").unwrap_or_default();
    possible(&system("version"), &mode)
}

/// Whether this is a real-time kernel, where waiting for most locks means sleeping.
pub(in crate::kernel) fn is_real_time() -> bool {
    system("version").contains("PREEMPT_RT")
}

/// Decides by `/proc/sys/kernel/version`, and by `sched/preempt` of debugfs, which shows the mode in force
/// in parentheses (kernel/sched/debug.c, from 5.12).
fn possible(version: &str, modes: &str) -> bool {
    let in_force = modes
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(mode, _)| mode);
    match in_force {
        Some(mode) => !matches!(mode, "none" | "voluntary"),
        None => version.contains("PREEMPT"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_in_force_decides() {
        let version = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2023-01-01)";
        assert!(!possible(version, "none (voluntary) full\n"));
        assert!(possible(version, "none voluntary (full)\n"));
        assert!(possible(version, "full (lazy)\n"));
    }

    #[test]
    fn without_a_mode_only_a_kernel_without_preemption_is_sure() {
        assert!(possible("#1 SMP PREEMPT_DYNAMIC Debian", ""));
        assert!(possible("#1 SMP PREEMPT_RT", ""));
        assert!(!possible("#1 SMP Debian 5.10.1-1", ""));
    }
}
