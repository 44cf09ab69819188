//! Loads the probes and carries out the attach plan on the running kernel.

mod attacher;
mod conditions;
mod error;
mod fentry;
mod kretprobe;
mod missed;
mod plan;
mod roles;
mod shared;

pub use error::NothingAttached;

use anyhow::{Result, bail};
use aya::Ebpf;
use dio_trace_ebpf::abi::layout::ABSENT;

use crate::{
    kernel::{
        attach::{
            attacher::{Attached, Attacher},
            missed::Missed,
            plan::{MODULES, PLAN},
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
    /// Which rule set was told to the probes.
    pub rule_set: RuleSet,
    /// Why that one.
    pub(super) evidence: Vec<Evidence>,
    /// The plan as resolved.
    pub attachments: Vec<Attachment>,
    /// Whether the probes have to be told the devices of filesystems.
    pub(super) tell_devices: bool,
    attached: Attached,
}

impl Probes {
    /// Loads the probes for the running kernel and attaches all that is of use here.
    ///
    /// # Errors
    /// Where the kernel has no BTF, refuses the programs, or none of the hooks that see requests
    /// could be attached.
    pub fn attach(options: &Options) -> Result<Self> {
        let types = KernelTypes::of_running_kernel(MODULES.iter().copied())?;
        let resolved = Resolved::from_types(&types);
        let missing = resolved.essential_missing();
        if !missing.is_empty() {
            bail!(
                "this kernel is unlike any that dio-trace knows: its BTF lacks {}. Please report \
                 this with the output of `dio-trace doctor`",
                missing.join(", ")
            );
        }
        let (rule_set, evidence) = rule_set(&types);
        let names = PLAN.iter().map(|hook| hook.target).collect();
        let symbols = Symbols::of_running_kernel(&names, &types);
        let settings = settings(options, &types, &symbols, rule_set);
        let loaded = object::load(&resolved.layout, &settings, &types, options.log)?;
        let module_btf = bpf::open_module_btf(MODULES).into_iter().collect();
        kretprobe::remove_forsaken();
        let mut attacher = Attacher::new(loaded, types, symbols, module_btf, &settings, PLAN);
        attacher.load(PLAN);
        let attachments: Vec<Attachment> =
            PLAN.iter().filter_map(|hook| attacher.hook(hook)).collect();
        let sees_requests = attachments.iter().any(|attachment| {
            attachment.method.is_some()
                && matches!(&*attachment.function, "iomap_dio_rw" | "blkdev_read_iter")
        });
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

    /// What the kernel skipped since the last time this was asked, see [`Missed`].
    pub(super) fn newly_missed(&mut self, orphans: u64) -> Missed {
        let Attached {
            misses, kretprobes, ..
        } = &mut self.attached;
        misses.newly_missed(orphans, kretprobes)
    }
}
