//! Checks of everything that tracing needs, with a remedy for each thing that is missing.

mod types;

pub use types::TypesFound;

use std::{fmt, fs};

use caps::{CapSet, Capability, CapsHashSet};
use serde::Serialize;

use crate::kernel::{
    machine::{
        btf::KernelTypes,
        features::{has_kprobes, has_types, skips_preempted_programs},
        kallsyms::are_hidden,
        proc::{known_filesystems, system},
        process::in_initial_pid_namespace,
    },
    program::{object, wrap::Unpreempted},
};

/// One thing that tracing needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The thing that is checked, such as `capabilities`.
    pub subject: &'static str,
    /// How it stands.
    pub state: State,
    /// The finding.
    pub found: String,
    /// The remedy; empty where there is nothing to mend.
    pub remedy: String,
}

/// How a [`Check`] stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Good,
    /// Tracing works, but sees less.
    Limited,
    /// Tracing is not possible.
    Missing,
}

impl Check {
    fn good(subject: &'static str, found: impl Into<String>) -> Self {
        Self {
            subject,
            state: State::Good,
            found: found.into(),
            remedy: String::new(),
        }
    }

    fn bad(
        subject: &'static str,
        state: State,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            subject,
            state,
            found: found.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.found)?;
        if self.remedy.is_empty() {
            Ok(())
        } else {
            write!(f, "\n{}", self.remedy)
        }
    }
}

/// Everything that tracing needs, in the order in which it fails.
#[must_use]
pub fn preflight() -> Vec<Check> {
    // Where they cannot be read there are none.
    let capabilities = caps::read(None, CapSet::Effective).unwrap_or_default();
    let mut checks = vec![embedded(), type_information(), rights(&capabilities)];
    checks.extend(lockdown());
    checks.push(kprobes());
    checks.extend(perf_events(&capabilities));
    checks.push(addresses(&capabilities));
    checks.extend(namespace());
    checks
}

fn embedded() -> Check {
    const SUBJECT: &str = "eBPF programs";
    if object::is_embedded() {
        return Check::good(SUBJECT, "built in");
    }
    Check::bad(
        SUBJECT,
        State::Missing,
        "this dio-trace was built without them, and can only read recordings",
        "build it with `cargo xtask build`",
    )
}

fn type_information() -> Check {
    const SUBJECT: &str = "kernel type information";
    if has_types() {
        return Check::good(SUBJECT, "/sys/kernel/btf/vmlinux");
    }
    Check::bad(
        SUBJECT,
        State::Missing,
        "/sys/kernel/btf/vmlinux does not exist",
        "use a kernel built with CONFIG_DEBUG_INFO_BTF=y (most distributions do so from about 5.10 \
         on); in a container, mount /sys of the host",
    )
}

/// Debian and some others do not let `CAP_PERFMON` override a paranoid level above 2.
fn perf_events(capabilities: &CapsHashSet) -> Option<Check> {
    const SUBJECT: &str = "kernel.perf_event_paranoid";
    let level: i32 = system("perf_event_paranoid").parse().ok()?;
    if level <= 2 || capabilities.contains(&Capability::CAP_SYS_ADMIN) {
        return Some(Check::good(SUBJECT, level.to_string()));
    }
    Some(Check::bad(
        SUBJECT,
        State::Limited,
        format!("{level}: only CAP_SYS_ADMIN may use kprobes"),
        "run `sysctl kernel.perf_event_paranoid=2`, or add CAP_SYS_ADMIN",
    ))
}

fn rights(capabilities: &CapsHashSet) -> Check {
    const SUBJECT: &str = "capabilities";
    const GRANT: &str = "run it with sudo, or grant them once: \
                         sudo setcap cap_bpf,cap_perfmon,cap_syslog,cap_dac_read_search,\
                         cap_sys_ptrace=ep \"$(command -v dio-trace)\"";
    if capabilities.contains(&Capability::CAP_SYS_ADMIN) {
        return Check::good(SUBJECT, "CAP_SYS_ADMIN, which is enough for everything");
    }
    let missing: Vec<String> = [Capability::CAP_BPF, Capability::CAP_PERFMON]
        .iter()
        .filter(|one| !capabilities.contains(one))
        .map(ToString::to_string)
        .collect();
    if !missing.is_empty() {
        return Check::bad(
            SUBJECT,
            State::Missing,
            format!("{} missing", missing.join(" and ")),
            format!("{GRANT}. Kernels before 5.8 know only CAP_SYS_ADMIN"),
        );
    }
    let useful = [
        (
            Capability::CAP_DAC_READ_SEARCH,
            "names of control groups take longer to find",
        ),
        (
            Capability::CAP_SYS_PTRACE,
            "with --stacks, functions of other users' programs have no names",
        ),
        (
            Capability::CAP_SYS_ADMIN,
            "kprobes take the place of fentry in modules",
        ),
    ];
    let without: Vec<String> = useful
        .iter()
        .filter(|(one, _)| !capabilities.contains(one))
        .map(|(one, effect)| format!("without {one}, {effect}"))
        .collect();
    let found = format!("enough to trace; {}", without.join("; "));
    Check::bad(SUBJECT, State::Limited, found, GRANT)
}

fn lockdown() -> Option<Check> {
    const SUBJECT: &str = "kernel lockdown";
    let Ok(text) = fs::read_to_string("/sys/kernel/security/lockdown") else {
        return known_filesystems().contains("securityfs").then(|| {
            Check::bad(
                SUBJECT,
                State::Limited,
                "unknown, because securityfs is not mounted",
                "to see it, run `mount -t securityfs securityfs /sys/kernel/security`. Under \
                 confidentiality nothing can be traced: boot with `lockdown=integrity` or without \
                 lockdown",
            )
        });
    };
    let mode = text.split_once('[')?.1.split_once(']')?.0;
    if mode != "confidentiality" {
        return Some(Check::good(SUBJECT, mode));
    }
    Some(Check::bad(
        SUBJECT,
        State::Missing,
        "confidentiality: eBPF programs may not read kernel memory",
        "boot without lockdown=confidentiality (`lockdown=integrity` is fine). If Secure Boot sets \
         it, switch Secure Boot off",
    ))
}

fn kprobes() -> Check {
    const SUBJECT: &str = "kprobes";
    if has_kprobes() {
        return Check::good(SUBJECT, "available");
    }
    Check::bad(
        SUBJECT,
        State::Limited,
        "this kernel was built without CONFIG_KPROBE_EVENTS: only fentry and tracepoints can be used",
        "if a probe below is not attached, use a kernel with CONFIG_KPROBE_EVENTS=y",
    )
}

/// Requests of aio and of `io_uring` are distinguished by the address of their completion function.
fn addresses(capabilities: &CapsHashSet) -> Check {
    const SUBJECT: &str = "kernel addresses";
    let restricted: u32 = system("kptr_restrict").parse().unwrap_or(0);
    if !are_hidden() {
        return Check::good(SUBJECT, "visible in /proc/kallsyms");
    }
    let remedy = if restricted >= 2 {
        "run `sysctl kernel.kptr_restrict=1`"
    } else if capabilities.contains(&Capability::CAP_SYSLOG) {
        "in a container, use the host's /proc"
    } else {
        "add CAP_SYSLOG"
    };
    Check::bad(
        SUBJECT,
        State::Limited,
        format!(
            "hidden (kernel.kptr_restrict={restricted}): requests of aio and io_uring cannot be \
             distinguished"
        ),
        remedy,
    )
}

/// Whether the kernel may preempt a probe, and whether requests can be missed for it.
#[must_use]
pub fn preemption_of_probes(types: &KernelTypes) -> Check {
    let missed = skips_preempted_programs(types);
    preempted(missed, Unpreempted::of_running_kernel(types).is_some())
}

fn preempted(missed: bool, unpreempted: bool) -> Check {
    const SUBJECT: &str = "preemption";
    if !missed {
        return Check::good(SUBJECT, "this kernel does not skip preempted probes");
    }
    if unpreempted {
        return Check::good(
            SUBJECT,
            "probes disable it while they run, and each is attached twice",
        );
    }
    Check::bad(
        SUBJECT,
        State::Limited,
        "probes can be preempted, and are then skipped on that CPU; therefore each is attached twice. \
         With many more threads than CPUs, some requests may still be missed; they are reported as \
         losses",
        "if that happens, boot with preempt=voluntary, or use a kernel from 6.14 on (not a real-time \
         one)",
    )
}

/// A recording has the process ids of the initial namespace.
fn namespace() -> Option<Check> {
    const SUBJECT: &str = "pid namespace";
    if in_initial_pid_namespace()? {
        return Some(Check::good(SUBJECT, "the initial one"));
    }
    Some(Check::bad(
        SUBJECT,
        State::Limited,
        "not the initial one: process ids are shown as on the host, and --pid takes those",
        "run dio-trace on the host, or the container with --pid=host",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_probes_that_are_preempted_and_skipped_see_less() {
        let state = |missed, unpreempted| preempted(missed, unpreempted).state;
        assert_eq!(state(false, false), State::Good);
        assert_eq!(state(true, true), State::Good);
        assert_eq!(state(true, false), State::Limited);
    }
}
