//! The findings of `doctor` for reading: lines of at most 80 columns.

use crate::{
    diagnose::kernels,
    doctor::{Examination, page::Page, probes},
    kernel::State,
    model::{Device, Evidence},
};

/// The findings as text.
#[must_use]
pub fn text(examination: &Examination) -> String {
    let mut page = Page::default();
    page.wrapped("", &answer(examination));
    page.title("What tracing needs");
    for check in &examination.checks {
        let lead = format!("  {} ", mark(check.state));
        page.wrapped(&lead, &format!("{}: {}", check.subject, check.found));
        if !check.remedy.is_empty() {
            page.wrapped("       -> ", &check.remedy);
        }
    }
    if let Some(rule_set) = examination.rule_set {
        page.title("Alignment rules of this kernel");
        page.line(&format!("  {rule_set} (kernels {})", kernels(rule_set)));
        for evidence in &examination.evidence {
            let Evidence {
                subject,
                found,
                meaning,
            } = evidence;
            page.wrapped("  because ", &format!("{subject}: {found}: {meaning}"));
        }
    }
    if !examination.attachments.is_empty() {
        page.title("Probes");
        probes::write(&mut page, &examination.attachments);
    }
    page.title("Block devices: block sizes, DMA alignment, virtual boundary (bytes)");
    page.line("  disk             number  logical  physical     dma  boundary  on");
    for device in &examination.devices {
        page.wrapped(&limits(device), &device.members.join(" "));
    }
    page.finish()
}

/// The answer in one sentence, without the reasons that stand below.
fn answer(examination: &Examination) -> String {
    let Some(reason) = &examination.reason else {
        return "This machine can be traced.".to_owned();
    };
    let missing: Vec<_> = examination
        .checks
        .iter()
        .filter(|check| check.state == State::Missing)
        .map(|check| check.subject)
        .collect();
    let reason = if !missing.is_empty() {
        format!("see {} below", missing.join(", "))
    } else if !examination.attachments.is_empty() {
        "none of the probes that see direct I/O could be attached, see below".to_owned()
    } else {
        reason.clone()
    };
    format!("This machine cannot be traced: {reason}")
}

fn limits(device: &Device) -> String {
    let limits = &device.limits;
    let boundary = match limits.virt_boundary_mask {
        0 => "none".to_owned(),
        mask => u64::from(mask).saturating_add(1).to_string(),
    };
    format!(
        "  {:<15} {:>7} {:>8} {:>9} {:>7} {boundary:>9}  ",
        device.disk,
        device.device,
        limits.logical_block_size,
        limits.physical_block_size,
        limits.dma_alignment.saturating_add(1),
    )
}

const fn mark(state: State) -> &'static str {
    match state {
        State::Good => "ok  ",
        State::Limited => "less",
        State::Missing => "NO  ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernel::Check,
        model::{Attachment, LimitSource, Limits},
    };

    fn examination() -> Examination {
        Examination {
            can_trace: true,
            reason: None,
            checks: Vec::new(),
            rule_set: None,
            evidence: Vec::new(),
            attachments: Vec::new(),
            devices: Vec::new(),
            types: None,
        }
    }

    fn count(text: &str, part: &str) -> usize {
        text.matches(part).count()
    }

    #[test]
    fn what_is_missing_is_said_once() {
        let found = "confidentiality: eBPF programs may not read kernel memory";
        let text = text(&Examination {
            can_trace: false,
            reason: Some(found.to_owned()),
            checks: vec![Check {
                subject: "kernel lockdown",
                state: State::Missing,
                found: found.to_owned(),
                remedy: "boot without it".to_owned(),
            }],
            ..examination()
        });
        assert!(
            text.starts_with("This machine cannot be traced: see kernel lockdown below\n"),
            "{text}"
        );
        assert_eq!(count(&text, "may not read"), 1, "{text}");
    }

    #[test]
    fn a_refusal_of_everything_is_said_once() {
        const REFUSED: &str = "fentry and kprobe: the kernel refuses the program";
        let attachment = |function: &str, lost: &str| Attachment {
            function: function.to_owned(),
            module: "vmlinux".to_owned(),
            gives: String::new(),
            method: None,
            note: Some(REFUSED.to_owned()),
            failures: Vec::new(),
            lost: lost.to_owned(),
        };
        let text = text(&Examination {
            can_trace: false,
            reason: Some(format!("none could be attached: {REFUSED}")),
            attachments: vec![
                attachment("iomap_dio_rw", "direct reads"),
                attachment("blkdev_read_iter", "early rejections"),
            ],
            ..examination()
        });
        assert_eq!(count(&text, REFUSED), 1, "{text}");
    }

    #[test]
    fn lines_have_80_columns_with_devices_stacked_on_many_others() {
        let device = Device {
            disk: "nvme10n1".to_owned(),
            device: "259:12".to_owned(),
            limits: Limits {
                logical_block_size: 4096,
                physical_block_size: 131_072,
                dma_alignment: 4095,
                virt_boundary_mask: 4095,
                filesystem_block_size: 0,
            },
            source: LimitSource::Sysfs,
            members: (0..12).map(|number| format!("nvme{number}n1")).collect(),
        };
        let text = text(&Examination {
            devices: vec![device],
            ..examination()
        });
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert_eq!(count(&text, "nvme11n1"), 1, "{text}");
    }
}
