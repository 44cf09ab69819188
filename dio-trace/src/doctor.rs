//! Whether this machine can be traced, and how well.

use std::fmt::Write;

use serde::Serialize;

use crate::{
    diagnose::kernels,
    kernel::{
        Check, KernelTypes, NothingAttached, Options, Probes, State, block_devices,
        preemption_of_probes, preflight, rule_set,
    },
    model::{Attachment, Device, Evidence, RuleSet, printable},
};

/// All that was found out.
#[derive(Clone, Debug, Serialize)]
pub struct Examination {
    /// Whether tracing works.
    pub can_trace: bool,
    /// Why not.
    pub reason: Option<String>,
    /// What tracing needs.
    pub checks: Vec<Check>,
    /// The rules in force; `None` where the kernel does not tell.
    pub rule_set: Option<RuleSet>,
    /// Why those.
    pub evidence: Vec<Evidence>,
    /// Every probe, as it was attached a moment ago; empty where that was not tried.
    pub attachments: Vec<Attachment>,
    /// Block devices with their limits.
    pub devices: Vec<Device>,
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
        }
    }
}

/// For reading.
#[must_use]
pub fn text(examination: &Examination) -> String {
    let mut lines = Lines::default();
    match &examination.reason {
        None => lines.add("This machine can be traced."),
        Some(reason) => lines.add(&format!("This machine cannot be traced: {reason}")),
    }
    lines.title("What tracing needs");
    for check in &examination.checks {
        lines.add(&format!(
            "  {} {}: {}",
            mark(check.state),
            check.subject,
            check.found
        ));
        if !check.remedy.is_empty() {
            lines.add(&format!("       -> {}", check.remedy));
        }
    }
    if let Some(rule_set) = examination.rule_set {
        lines.title("Alignment rules of this kernel");
        lines.add(&format!("  {rule_set} (kernels {})", kernels(rule_set)));
        for evidence in &examination.evidence {
            let Evidence {
                subject,
                found,
                meaning,
            } = evidence;
            lines.add(&format!("  because {subject}: {found}: {meaning}"));
        }
    }
    if !examination.attachments.is_empty() {
        lines.title("Probes");
        for attachment in &examination.attachments {
            probe(&mut lines, attachment);
        }
    }
    lines.title("Block devices (bytes)");
    lines.add("  disk             number  logical  physical  dma alignment  virtual boundary  on");
    for device in &examination.devices {
        let limits = &device.limits;
        lines.add(&format!(
            "  {:<15} {:>7} {:>8} {:>9} {:>14} {:>17}  {}",
            device.disk,
            device.device,
            limits.logical_block_size,
            limits.physical_block_size,
            limits.dma_alignment.saturating_add(1),
            boundary(limits.virt_boundary_mask),
            device.members.join(" "),
        ));
    }
    lines.0
}

fn boundary(mask: u32) -> String {
    if mask == 0 {
        "none".to_owned()
    } else {
        u64::from(mask).saturating_add(1).to_string()
    }
}

fn probe(lines: &mut Lines, attachment: &Attachment) {
    let Attachment {
        function,
        module,
        gives,
        method,
        note,
        lost,
    } = attachment;
    let place = if module == "vmlinux" {
        String::new()
    } else {
        format!(" [{module}]")
    };
    match method {
        Some(method) => {
            lines.add(&format!("  ok   {function}{place} by {method}: {gives}"));
        }
        None => lines.add(&format!(
            "  --   {function}{place} not attached; lost: {lost}"
        )),
    }
    if let Some(note) = note {
        lines.add(&format!("       {note}"));
    }
}

const fn mark(state: State) -> &'static str {
    match state {
        State::Good => "ok  ",
        State::Limited => "less",
        State::Missing => "NO  ",
    }
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{}", printable(line.trim_end()));
    }

    fn title(&mut self, title: &str) {
        self.add("");
        self.add(title);
    }
}
