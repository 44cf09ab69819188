//! Loads the probes and attaches them by the plan. [`Probes::attach`] takes six steps:
//!
//! 1. Read the kernel's types, with those of the modules that the plan names, and look up the members
//!    that the probes read (`machine`). Give up if an essential one is missing.
//! 2. Find the rule set in force, and the addresses of the plan's functions (`machine`).
//! 3. Turn the embedded object into programs for this kernel and this trace (`program`).
//! 4. Load the fentry and fexit programs that will likely be attached, on several CPUs ([`fentry`]).
//! 5. Attach hook by hook, in the order of their roles' phases, each by the best way that works
//!    ([`attacher`]): fexit or [`kretprobe`], fentry or [`kprobe`], or a [`tracepoint`]. Hooks of no
//!    use on this machine are left out ([`conditions`]).
//! 6. Give up if no essential hook is attached; else keep the links, and count what the kernel skips
//!    ([`missed`]).
//!
//! # Adding a hook
//!
//! 1. Add a row to [`plan`]: function, module, role, condition, and what is lost without it.
//! 2. If no [`Role`](roles::Role) fits, add one to [`roles`], with its phase and its programs, and the
//!    programs to `dio-trace-ebpf/src/bpf/probes`.
//! 3. If it is a filesystem that is not known yet, add it to `dio-trace-ebpf/src/filesystems.rs`.
//! 4. Add a place to `xtask/src/suite/places.rs`, so that the truth test makes requests there.
//! 5. Run `cargo xtask test --kernel SERIES`. The test of `docs/coverage.md` says how to write the new
//!    row into that page.

mod attacher;
mod conditions;
#[cfg(test)]
mod coverage;
mod error;
mod fentry;
mod hook;
mod kprobe;
mod kretprobe;
mod missed;
mod plan;
mod roles;
mod shared;
mod tracepoint;

pub use error::NothingAttached;
pub(in crate::kernel) use plan::modules;

use anyhow::{Result, bail};
use aya::Ebpf;
use dio_trace_ebpf::abi::layout::ABSENT;

use crate::{
    kernel::{
        attach::{
            attacher::{Attached, Attacher},
            missed::Missed,
        },
        machine::{btf::KernelTypes, layout::Resolved, rule_set::rule_set, symbols::Symbols},
        options::Options,
        program::{object, settings::settings},
        sys::bpf,
    },
    model::{Attachment, Evidence, RuleSet},
};

/// Loaded and attached probes. Dropping this detaches them.
pub struct Probes {
    pub(super) ebpf: Ebpf,
    /// The rule set that the probes judge by.
    pub rule_set: RuleSet,
    /// The facts that it follows from.
    pub(super) evidence: Vec<Evidence>,
    /// The plan as resolved, in the order of attaching.
    pub attachments: Vec<Attachment>,
    /// Whether the probes cannot find the devices of filesystems themselves, and need a table of them.
    pub(super) tell_devices: bool,
    attached: Attached,
}

/// Functions and tracepoints that the plan names.
pub(in crate::kernel) fn hooked() -> impl Iterator<Item = &'static str> {
    plan::in_order().into_iter().map(|hook| hook.function)
}

impl Probes {
    /// Loads the probes for the running kernel and attaches all that is of use here.
    ///
    /// # Errors
    /// Where the kernel has no BTF, refuses the programs, or none of the hooks that see requests
    /// could be attached.
    pub fn attach(options: &Options) -> Result<Self> {
        let plan = plan::in_order();
        let modules = modules();
        let types = KernelTypes::of_running_kernel(modules.iter().copied())?;
        let resolved = Resolved::from_types(&types);
        if !resolved.missing.is_empty() {
            bail!(
                "this kernel is unlike any that dio-trace knows: its BTF lacks {}. Please report \
                 this with the output of `dio-trace doctor`",
                resolved.missing.join(", ")
            );
        }
        let (rule_set, evidence) = rule_set(&types);
        let names = plan.iter().map(|hook| hook.function).collect();
        let symbols = Symbols::of_running_kernel(&names, &types);
        let settings = settings(options, &types, &symbols, rule_set);
        let loaded = object::load(&resolved.layout, &settings, &types, options.log)?;
        let module_btf = bpf::open_module_btf(&modules).into_iter().collect();
        kretprobe::remove_abandoned();
        let mut attacher = Attacher::new(loaded, types, symbols, module_btf, &settings, &plan);
        attacher.load(&plan);
        let mut attachments = Vec::new();
        let mut sees_requests = false;
        for hook in &plan {
            if let Some(attachment) = attacher.hook(hook) {
                sees_requests |= hook.essential && attachment.method.is_some();
                attachments.push(attachment);
            }
        }
        if !sees_requests {
            return Err(NothingAttached { attachments }.into());
        }
        let (ebpf, attached) = attacher.finish();
        Ok(Self {
            ebpf,
            rule_set,
            evidence,
            attachments,
            tell_devices: resolved.layout.btrfs_fs_info_fs_devices == ABSENT,
            attached,
        })
    }

    /// Counts what the kernel skipped since the last call, see [`Missed`].
    pub(super) fn newly_missed(&mut self, unmatched: u64) -> Missed {
        let Attached {
            misses, kretprobes, ..
        } = &mut self.attached;
        misses.newly_missed(unmatched, kretprobes)
    }
}
