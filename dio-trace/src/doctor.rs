//! Whether this machine can be traced, and how well.

mod page;
mod probes;
mod text;

pub use text::text;

use serde::Serialize;

use crate::{
    kernel::{
        Check, KernelTypes, NothingAttached, Options, Probes, State, TypesFound, block_devices,
        preemption_of_probes, preflight, rule_set,
    },
    model::{Attachment, Device, Evidence, RuleSet},
};

/// Everything that `doctor` finds out.
#[derive(Clone, Debug, Serialize)]
pub struct Examination {
    /// Whether tracing works.
    pub can_trace: bool,
    /// Why it does not; `None` where it does.
    pub reason: Option<String>,
    /// Each thing that tracing needs, and how it stands.
    pub checks: Vec<Check>,
    /// The rules in force; `None` where the kernel has no type information.
    pub rule_set: Option<RuleSet>,
    /// The facts that they follow from.
    pub evidence: Vec<Evidence>,
    /// Every probe, as it was attached a moment ago; empty where that was not tried.
    pub attachments: Vec<Attachment>,
    /// Block devices with their limits.
    pub devices: Vec<Device>,
    /// The kernel's types that the probes need; `None` where the kernel has no type information.
    pub types: Option<TypesFound>,
}

impl Examination {
    /// Looks at everything, and attaches the probes for a moment where that may work.
    #[must_use]
    pub fn make() -> Self {
        let mut checks = preflight();
        let types = KernelTypes::of_running_kernel([]).ok();
        checks.extend(types.as_ref().map(preemption_of_probes));
        let rules = types.as_ref().map(rule_set);
        let (rule_set, evidence) = rules.map_or((None, Vec::new()), |(set, why)| (Some(set), why));
        let missing = checks.iter().find(|check| check.state == State::Missing);
        let (reason, attachments) = match missing {
            Some(check) => (Some(check.found.clone()), Vec::new()),
            None => match Probes::attach(&Options {
                all: true,
                ..Options::default()
            }) {
                Ok(probes) => (None, probes.attachments.clone()),
                Err(error) => {
                    let nothing = error.downcast_ref::<NothingAttached>();
                    let attachments = nothing.map(|nothing| nothing.attachments.clone());
                    (Some(format!("{error:#}")), attachments.unwrap_or_default())
                }
            },
        };
        Self {
            can_trace: reason.is_none(),
            reason,
            checks,
            rule_set,
            evidence,
            attachments,
            devices: block_devices(),
            types: TypesFound::of_running_kernel(),
        }
    }
}
