//! The details of one request: what happened, what to change, a picture that explains it, every
//! field.

use ratatui::text::{Line, Span};

use crate::{
    diagnose::{Severity, diagnose, errno_name, kernels},
    model::{Record, Request, printable},
    store::Snapshot,
    text::{latency, number},
    tui::{
        theme::{Role, Theme},
        view::{
            parts::{section, sentence, span},
            picture,
        },
    },
};

/// Largest width of a line: wider ones are hard to read.
const WIDEST: usize = 120;

/// All of it.
#[must_use]
pub(crate) fn lines(
    record: &Record,
    snapshot: &Snapshot,
    theme: &Theme,
    width: usize,
) -> Vec<Line<'static>> {
    let width = width.min(WIDEST);
    let diagnosis = diagnose(record, snapshot.environment.rule_set);
    let role = Role::Verdict(record.verdict);
    let mut lines = sentence(theme, role, "", &printable(&diagnosis.headline), width);
    let path = record
        .path
        .as_deref()
        .map_or_else(|| "path unknown".into(), printable);
    let who = format!("{} {} on {path}", printable(&record.comm), record.pid);
    lines.extend(sentence(theme, Role::Text, "", &who, width));
    lines.push(Line::default());
    if !diagnosis.faults.is_empty() || !diagnosis.notes.is_empty() {
        lines.push(section(theme, "What is wrong"));
    }
    for fault in &diagnosis.faults {
        let (lead, role) = if fault.broken {
            ("broken", role)
        } else {
            ("departs", Role::Text)
        };
        let text = format!(
            "{}; checked in {}",
            printable(&fault.sentence),
            fault.function
        );
        let lead = format!("  {lead:9}");
        lines.extend(sentence(theme, role, &lead, &text, width));
    }
    for note in &diagnosis.notes {
        let role = if note.severity == Severity::Danger {
            Role::Danger
        } else {
            Role::Text
        };
        lines.extend(sentence(
            theme,
            role,
            "  note     ",
            &printable(&note.sentence),
            width,
        ));
    }
    if !diagnosis.advice.is_empty() {
        lines.push(Line::default());
        lines.push(section(theme, "What to change"));
    }
    for (index, advice) in diagnosis.advice.iter().enumerate() {
        let lead = format!("  {}. ", index + 1);
        lines.extend(sentence(
            theme,
            Role::Text,
            &lead,
            &printable(advice),
            width,
        ));
    }
    lines.push(Line::default());
    if let (Some(limits), Some(request)) = (&record.limits, &record.request) {
        lines.extend(picture::lines(
            record,
            request,
            limits,
            diagnosis.rule_set,
            theme,
            width,
        ));
        lines.push(Line::default());
    }
    let rules = diagnosis.rule_set;
    let text = format!("{rules} (kernels {})", kernels(rules));
    lines.extend(sentence(theme, Role::Text, "  rules    ", &text, width));
    if let Some(portability) = &diagnosis.portability {
        lines.extend(sentence(
            theme,
            Role::Text,
            "  else     ",
            &portability.sentence,
            width,
        ));
    }
    lines.push(Line::default());
    fields(&mut lines, record, theme, width);
    lines
}

fn fields(lines: &mut Vec<Line<'static>>, record: &Record, theme: &Theme, width: usize) {
    lines.push(section(theme, "Every field"));
    let mut field = |name: &str, text: String| {
        let lead = format!("  {name:22}");
        lines.extend(sentence(theme, Role::Text, &lead, &printable(&text), width));
    };
    let known = |text: &Option<std::sync::Arc<str>>| {
        text.as_deref()
            .map_or_else(|| "unknown".to_owned(), str::to_owned)
    };
    field("time", record.time.to_string());
    field("count", number(record.count));
    field("bytes", number(record.bytes));
    field("pid", record.pid.to_string());
    field("uid", record.uid.to_string());
    field("comm", record.comm.to_string());
    field("cgroup", known(&record.cgroup));
    field("operation", record.operation.to_string());
    field("interface", record.interface.to_string());
    let device = record
        .device
        .map_or_else(|| "unknown".to_owned(), |one| one.to_string());
    field("device, disk", format!("{device}, {}", known(&record.disk)));
    field("filesystem", known(&record.filesystem));
    field(
        "inode",
        record
            .inode
            .map_or_else(|| "unknown".to_owned(), |one| one.to_string()),
    );
    field("path", known(&record.path));
    field("verdict", record.verdict.to_string());
    let words = |words: Vec<&str>| {
        if words.is_empty() {
            "none".to_owned()
        } else {
            words.join(", ")
        }
    };
    field("reasons", words(record.reasons.words().collect()));
    field("flags", words(record.flags.words().collect()));
    if let Some(limits) = &record.limits {
        field(
            "logical_block_size",
            number(limits.logical_block_size.into()),
        );
        field(
            "physical_block_size",
            number(limits.physical_block_size.into()),
        );
        let mask = limits.dma_alignment;
        field(
            "dma_alignment",
            format!("{mask} (a mask: {} bytes)", u64::from(mask) + 1),
        );
        let boundary = match limits.virt_boundary_mask {
            0 => "0 (none)".to_owned(),
            mask => format!("{mask} (a mask: {} bytes)", u64::from(mask) + 1),
        };
        field("virt_boundary_mask", boundary);
        field(
            "filesystem_block_size",
            number(limits.filesystem_block_size.into()),
        );
    }
    if let Some(request) = &record.request {
        of_request(&mut field, request, record);
    }
    if let Some(request) = &record.request {
        stack(lines, "user_stack", request.user_stack.as_deref(), theme);
        stack(
            lines,
            "kernel_stack",
            request.kernel_stack.as_deref(),
            theme,
        );
    }
}

fn of_request(field: &mut impl FnMut(&str, String), request: &Request, record: &Record) {
    let geometry = &request.geometry;
    field(
        "tid, thread",
        format!("{}, {}", request.tid, request.thread),
    );
    field(
        "offset",
        format!("{} ({:#x})", number(geometry.offset), geometry.offset),
    );
    field("length", number(geometry.length));
    field("segment_count", number(geometry.segment_count.into()));
    field(
        "memory_alignment",
        number(geometry.memory_alignment().into()),
    );
    field(
        "length_alignment",
        number(geometry.length_alignment().into()),
    );
    field(
        "offset_alignment",
        number(geometry.offset_alignment().into()),
    );
    let result = if request.result < 0 {
        format!("{} ({})", request.result, errno_name(request.result))
    } else {
        format!("{} bytes", number(request.result.unsigned_abs()))
    };
    field("result", result);
    field(
        "done directly",
        format!("{} bytes", number(request.direct_bytes)),
    );
    field(
        "latency",
        format!(
            "{} ns ({})",
            number(request.latency),
            latency(request.latency)
        ),
    );
    field(
        "bios, splits",
        format!("{}, {}", request.bios, request.splits),
    );
    let accepted: Vec<_> = request.rule_sets.iter().map(|one| one.word()).collect();
    let accepted = if accepted.is_empty() {
        "none".to_owned()
    } else {
        accepted.join(", ")
    };
    if record.limits.is_some() {
        field("rule_sets accepting it", accepted);
    }
    for (index, segment) in request.segments.iter().enumerate() {
        let name = format!("segment {}", index + 1);
        field(
            &name,
            format!("{:#x}, {} bytes", segment.address, number(segment.length)),
        );
    }
}

fn stack(
    lines: &mut Vec<Line<'static>>,
    name: &str,
    frames: Option<&[std::sync::Arc<str>]>,
    theme: &Theme,
) {
    let Some(frames) = frames else { return };
    lines.push(Line::from(Span::raw(format!("  {name}"))));
    for frame in frames {
        lines.push(Line::from(vec![
            Span::raw("    "),
            span(theme, Role::Faint, printable(frame).into_owned()),
        ]));
    }
}
