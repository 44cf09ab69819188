//! Whether this machine can be traced, and what to do where it cannot.

use std::{fmt, fs, path::Path};

use serde::Serialize;

use crate::kernel::{
    machine::{
        btf::KernelTypes,
        features::skips_preempted_programs,
        kallsyms::are_hidden,
        proc::{known_filesystems, system},
        process::in_initial_pid_namespace,
    },
    program::{object, wrap::Unpreempted},
};

/// One thing that tracing needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at, as `capabilities`.
    pub subject: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do about it; empty where it is good.
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
    let capabilities = Capabilities::of_this_process();
    let probes = capabilities.perf_events();
    let mut checks = vec![embedded(), type_information(), rights(&capabilities)];
    checks.extend(lockdown());
    checks.push(kprobes());
    checks.extend(probes);
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
        "this dio-trace was built without them: it reads recordings, but cannot trace",
        "build it with `cargo xtask build`",
    )
}

fn type_information() -> Check {
    const SUBJECT: &str = "kernel type information";
    if Path::new("/sys/kernel/btf/vmlinux").exists() {
        return Check::good(SUBJECT, "/sys/kernel/btf/vmlinux");
    }
    Check::bad(
        SUBJECT,
        State::Missing,
        "/sys/kernel/btf/vmlinux is not there",
        "use a kernel built with CONFIG_DEBUG_INFO_BTF=y (distributions have it since about 5.10); \
         in a container, mount /sys of the host",
    )
}

/// Effective capabilities (`include/uapi/linux/capability.h`).
struct Capabilities(u64);

impl Capabilities {
    const DAC_READ_SEARCH: u32 = 2;
    const SYS_PTRACE: u32 = 19;
    const SYS_ADMIN: u32 = 21;
    const SYSLOG: u32 = 34;
    const PERFMON: u32 = 38;
    const BPF: u32 = 39;

    fn of_this_process() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let word = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        Self(
            word.and_then(|word| u64::from_str_radix(word.trim(), 16).ok())
                .unwrap_or(0),
        )
    }

    const fn has(&self, capability: u32) -> bool {
        self.0 >> capability & 1 != 0
    }

    /// Debian and some others do not let `CAP_PERFMON` override a paranoid level above 2.
    fn perf_events(&self) -> Option<Check> {
        const SUBJECT: &str = "kernel.perf_event_paranoid";
        let level: i32 = system("perf_event_paranoid").parse().ok()?;
        if level <= 2 || self.has(Self::SYS_ADMIN) {
            return Some(Check::good(SUBJECT, level.to_string()));
        }
        Some(Check::bad(
            SUBJECT,
            State::Limited,
            format!("{level}: kprobes are only for CAP_SYS_ADMIN"),
            "run `sysctl kernel.perf_event_paranoid=2`, or add CAP_SYS_ADMIN",
        ))
    }
}

fn rights(capabilities: &Capabilities) -> Check {
    const SUBJECT: &str = "capabilities";
    const GRANT: &str = "run it with sudo, or grant them once: \
                         sudo setcap cap_bpf,cap_perfmon,cap_syslog,cap_dac_read_search,\
                         cap_sys_ptrace=ep \"$(command -v dio-trace)\"";
    if capabilities.has(Capabilities::SYS_ADMIN) {
        return Check::good(SUBJECT, "CAP_SYS_ADMIN, which is enough for everything");
    }
    let needed = [
        (Capabilities::BPF, "CAP_BPF"),
        (Capabilities::PERFMON, "CAP_PERFMON"),
    ];
    let missing: Vec<_> = needed
        .iter()
        .filter(|(one, _)| !capabilities.has(*one))
        .map(|(_, name)| *name)
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
            Capabilities::DAC_READ_SEARCH,
            "CAP_DAC_READ_SEARCH (names of control groups)",
        ),
        (
            Capabilities::SYS_PTRACE,
            "CAP_SYS_PTRACE (names in other users' call stacks, with --stacks)",
        ),
        (
            Capabilities::SYS_ADMIN,
            "CAP_SYS_ADMIN (fentry in modules; kprobes take its place)",
        ),
    ];
    let without: Vec<_> = useful
        .iter()
        .filter(|(one, _)| !capabilities.has(*one))
        .map(|(_, name)| *name)
        .collect();
    if without.is_empty() {
        return Check::good(SUBJECT, "CAP_BPF, CAP_PERFMON and all that helps");
    }
    let found = format!("enough to trace; without {}", without.join(", "));
    Check::bad(SUBJECT, State::Limited, found, GRANT)
}

fn lockdown() -> Option<Check> {
    const SUBJECT: &str = "kernel lockdown";
    let Ok(text) = fs::read_to_string("/sys/kernel/security/lockdown") else {
        return known_filesystems().contains("securityfs").then(|| {
            Check::bad(
                SUBJECT,
                State::Limited,
                "not known, since securityfs is not mounted",
                "to see it, run `mount -t securityfs securityfs /sys/kernel/security`; under \
                 confidentiality nothing can be traced: boot with `lockdown=integrity` or without",
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
        "boot without lockdown=confidentiality (`lockdown=integrity` is fine), or switch Secure \
         Boot off where it brings it",
    ))
}

/// The kprobe event source is there exactly with `CONFIG_KPROBE_EVENTS`.
fn kprobes() -> Check {
    const SUBJECT: &str = "kprobes";
    if Path::new("/sys/bus/event_source/devices/kprobe").exists() {
        return Check::good(SUBJECT, "available");
    }
    Check::bad(
        SUBJECT,
        State::Limited,
        "this kernel has none (CONFIG_KPROBE_EVENTS): only fentry and tracepoints can be used",
        "use a distribution's kernel where a probe below cannot be attached",
    )
}

/// The completions of aio and `io_uring` are told apart by address.
fn addresses(capabilities: &Capabilities) -> Check {
    const SUBJECT: &str = "kernel addresses";
    let restricted: u32 = system("kptr_restrict").parse().unwrap_or(0);
    if !are_hidden() {
        return Check::good(SUBJECT, "visible in /proc/kallsyms");
    }
    let remedy = if restricted >= 2 {
        "run `sysctl kernel.kptr_restrict=1`"
    } else if capabilities.has(Capabilities::SYSLOG) {
        "in a container, use the host's /proc"
    } else {
        "add CAP_SYSLOG"
    };
    Check::bad(
        SUBJECT,
        State::Limited,
        format!(
            "hidden (kernel.kptr_restrict={restricted}): aio and io_uring cannot be told apart"
        ),
        remedy,
    )
}

/// Whether the kernel may take the CPU away from a probe, and what comes of that.
#[must_use]
pub fn preemption_of_probes(types: &KernelTypes) -> Check {
    let missed = skips_preempted_programs(types);
    preempted(missed, Unpreempted::of_running_kernel(types).is_some())
}

fn preempted(missed: bool, unpreempted: bool) -> Check {
    const SUBJECT: &str = "preemption";
    if !missed {
        return Check::good(SUBJECT, "probes lose nothing by it on this kernel");
    }
    if unpreempted {
        return Check::good(
            SUBJECT,
            "probes ask not to be preempted, and each is attached twice",
        );
    }
    Check::bad(
        SUBJECT,
        State::Limited,
        "probes can be preempted, and are then skipped on that CPU: each is attached twice. Where many more \
         threads run than there are CPUs, requests may be missed all the same, and are told as lost",
        "where that happens, boot with preempt=voluntary, or use a kernel from 6.14 on (not a real-time one)",
    )
}

/// Process ids in a recording are those of the initial namespace.
fn namespace() -> Option<Check> {
    const SUBJECT: &str = "pid namespace";
    if in_initial_pid_namespace()? {
        return Some(Check::good(SUBJECT, "the initial one"));
    }
    Some(Check::bad(
        SUBJECT,
        State::Limited,
        "not the initial one: process ids are shown as the host knows them, and --pid means those",
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
