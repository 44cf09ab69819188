//! The host screen: kernel, rules in force with their evidence, probes, devices, losses.

use ratatui::text::{Line, Span};

use crate::{
    diagnose::kernels,
    model::{LimitSource, printable},
    store::Snapshot,
    text::number,
    tui::{
        theme::{Role, Theme},
        view::parts::{section, sentence, span},
    },
};

/// All of it.
pub(super) fn lines(snapshot: &Snapshot, theme: &Theme, width: usize) -> Vec<Line<'static>> {
    let environment = &snapshot.environment;
    let mut lines = vec![section(theme, "Trace")];
    let mut field = |name: &str, text: &str| {
        let lead = format!("  {name:12}");
        lines.extend(sentence(theme, Role::Text, &lead, &printable(text), width));
    };
    let architecture = &environment.architecture;
    field(
        "host",
        &format!(
            "{} ({architecture}, {} CPUs)",
            environment.host, environment.cpus
        ),
    );
    field("kernel", &environment.kernel_release);
    let rules = environment.rule_set;
    field("rules", &format!("{rules}: kernels {}", kernels(rules)));
    field("started", &environment.started.to_string());
    field("clock", &environment.clock);
    field(
        "taken by",
        &format!("dio-trace {}", environment.tool_version),
    );
    field("command", &environment.command_line.join(" "));
    if let Some(command) = &environment.traced_command {
        field("traced", &command.join(" "));
    }
    if !environment.filters.is_empty() {
        field("filters", &environment.filters.join(" "));
    }
    field("processes", &number(snapshot.processes as u64));
    if snapshot.folded != 0 {
        field(
            "",
            &format!("and {} folded into (others)", number(snapshot.folded)),
        );
    }
    lines.push(Line::default());
    lines.push(section(theme, "Lost"));
    if snapshot.losses.is_empty() {
        lines.push(Line::from(span(theme, Role::Good, "  nothing")));
    }
    for loss in snapshot.losses.iter() {
        let exactness = if loss.cause.keeps_counts_exact() {
            "counts stay exact"
        } else {
            "counts NOT exact"
        };
        let text = format!("  {} {} ({exactness})", number(loss.count), loss.cause);
        lines.push(Line::from(span(theme, Role::Danger, text)));
    }
    lines.push(Line::default());
    lines.push(section(theme, "Why these rules"));
    for evidence in &environment.evidence {
        let text = format!(
            "{}: {}; {}",
            evidence.subject, evidence.found, evidence.meaning
        );
        lines.extend(sentence(theme, Role::Text, "  ", &printable(&text), width));
    }
    lines.push(Line::default());
    probes(&mut lines, snapshot, theme, width);
    devices(&mut lines, snapshot, theme, width);
    lines
}

fn probes(lines: &mut Vec<Line<'static>>, snapshot: &Snapshot, theme: &Theme, width: usize) {
    lines.push(section(theme, "Probes"));
    for one in &snapshot.environment.attachments {
        let (role, sign) = match one.method {
            Some(_) => (Role::Good, theme.symbols.good),
            None => (Role::Banner, theme.symbols.bad),
        };
        let method = one.method.as_deref().unwrap_or("not attached");
        lines.push(Line::from(vec![
            Span::raw("  "),
            span(theme, role, sign),
            Span::raw(format!(" {} ", printable(&one.function))),
            span(
                theme,
                Role::Faint,
                format!("[{}] {method}", printable(&one.module)),
            ),
        ]));
        if one.method.is_none() && !one.lost.is_empty() {
            let text = format!("lost: {}", printable(&one.lost));
            lines.extend(sentence(theme, Role::Text, "      ", &text, width));
        }
        if let Some(note) = &one.note {
            lines.extend(sentence(
                theme,
                Role::Text,
                "      ",
                &printable(note),
                width,
            ));
        }
    }
    lines.push(Line::default());
}

fn devices(lines: &mut Vec<Line<'static>>, snapshot: &Snapshot, theme: &Theme, width: usize) {
    lines.push(section(theme, "Devices and their limits (bytes)"));
    for device in &snapshot.environment.devices {
        let limits = &device.limits;
        let source = match device.source {
            LimitSource::Sysfs => "sysfs",
            LimitSource::Statx => "statx",
            LimitSource::Kernel => "the kernel's queue limits",
        };
        let boundary = match limits.virt_boundary_mask {
            0 => "no virtual boundary".to_owned(),
            mask => format!("virtual boundary {}", mask.saturating_add(1)),
        };
        let members = match device.members.as_slice() {
            [] => String::new(),
            members => format!("; stacked on {}", members.join(", ")),
        };
        let text = format!(
            "logical block {}, physical block {}, dma alignment {}, {boundary}; from {source}{members}",
            limits.logical_block_size,
            limits.physical_block_size,
            limits.dma_alignment.saturating_add(1),
        );
        let lead = format!(
            "  {:10}{:8}",
            printable(&device.disk),
            printable(&device.device)
        );
        lines.extend(sentence(theme, Role::Text, &lead, &printable(&text), width));
    }
}
