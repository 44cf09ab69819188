//! Loads the probes and carries out the attach plan on the running kernel.

use anyhow::{Result, bail};
use aya::Ebpf;
use dio_trace_ebpf::abi::layout::ABSENT;

use crate::{
    kernel::{
        btf::KernelTypes,
        hooks::{Attached, Attacher},
        kretprobe,
        layout::Resolved,
        misses::Missed,
        nothing_attached::NothingAttached,
        object,
        plan::{MODULES, PLAN},
        settings::settings,
        symbols::Symbols,
        tracing,
    },
    model::{Attachment, Evidence, RuleSet},
};

/// What the user chose for a trace.
#[derive(Clone, Debug)]
pub struct Options {
    /// Details also of aligned requests.
    pub all: bool,
    /// Only these thread groups and their descendants; empty for everything.
    pub processes: Vec<u32>,
    /// Follow a command that is not started yet.
    pub command: bool,
    /// Details that each process may send each second.
    pub detail_rate: u32,
    /// Call stacks of misaligned requests.
    pub stacks: bool,
    /// Let the probes log each request that begins and ends.
    pub log: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            all: false,
            processes: Vec::new(),
            command: false,
            detail_rate: 5_000,
            stacks: false,
            log: false,
        }
    }
}

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
        let (rule_set, evidence) = super::evidence::rule_set(&types);
        let names = PLAN.iter().map(|hook| hook.target).collect();
        let symbols = Symbols::of_running_kernel(&names, &types);
        let settings = settings(options, &types, &symbols, rule_set);
        let loaded = object::load(&resolved.layout, &settings, &types, options.log)?;
        let module_btf = tracing::open_module_btf(MODULES).into_iter().collect();
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

/// CPUs that may ever be online.
pub(super) fn possible_cpus() -> u32 {
    let count = aya::util::nr_cpus().unwrap_or(1);
    u32::try_from(count).unwrap_or(1).max(1)
}
