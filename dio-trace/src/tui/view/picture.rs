//! The picture of a request: its place on the disk's blocks and in memory, and its values compared
//! with the limits in force.

use dio_trace_ebpf::rules::violations;
use ratatui::text::{Line, Span};

use crate::{
    diagnose::Limit,
    model::{Limits, Reason, Reasons, Record, Request, RuleSet, Segment},
    text::{number, size},
    tui::{
        text::cut_front,
        theme::{Role, Theme},
        view::parts::{section, sentence, span},
    },
};

/// Number of segments drawn; the fields below list all that were recorded.
const SEGMENTS: usize = 16;

/// Widths of a value's name and of the value: the longest address and offset in use fit.
const LABEL: usize = 10;
const VALUE: usize = 16;

/// The whole picture.
pub(super) fn lines(
    record: &Record,
    request: &Request,
    limits: &Limits,
    rule_set: RuleSet,
    theme: &Theme,
    width: usize,
) -> Vec<Line<'static>> {
    let geometry = &request.geometry;
    let block = u64::from(limits.logical_block_size.max(1));
    let checks = Checks {
        record,
        limits,
        rule_set,
        broken: violations(geometry, limits, rule_set),
        theme,
        width,
    };
    let mut lines = Vec::new();
    let file = Strip {
        start: geometry.offset,
        length: geometry.length,
        unit: block,
    };
    let title = if record.is_raw_device() {
        "device"
    } else {
        "file"
    };
    lines.push(section(
        theme,
        &format!("In the {title}, against logical blocks of {block} bytes"),
    ));
    let whole = [Reason::FileOffset, Reason::TotalLength];
    let departs = whole.iter().any(|reason| record.reasons.contains(*reason));
    lines.extend(file.draw(theme, width, checks.role(departs), false));
    lines.push(checks.line(
        "offset",
        geometry.offset,
        &number(geometry.offset),
        Reason::FileOffset,
    ));
    lines.push(checks.line(
        "length",
        geometry.length,
        &number(geometry.length),
        Reason::TotalLength,
    ));
    let fs_block = u64::from(limits.filesystem_block_size);
    if fs_block > block && (geometry.offset | geometry.length) & (fs_block - 1) != 0 {
        let text = format!(
            "not whole filesystem blocks ({fs_block} bytes): a write needs the rest of the block too"
        );
        lines.extend(sentence(theme, Role::Faint, "  ", &text, width));
    }
    lines.push(Line::default());
    let dma = u64::from(limits.dma_alignment) + 1;
    lines.push(section(
        theme,
        &format!("In memory, against a dma alignment of {dma} and logical blocks of {block} bytes"),
    ));
    // People think in pages and blocks; a dma alignment of 4 cannot be drawn.
    let unit = block.max(dma).max(4096);
    let first_bad = first_bad(request, &checks);
    for (index, segment) in request.segments.iter().enumerate().take(SEGMENTS) {
        let strip = Strip {
            start: segment.address,
            length: segment.length,
            unit,
        };
        if index == first_bad || request.segments.len() <= 2 {
            lines.extend(strip.draw(theme, width, checks.role(is_bad(segment, &checks)), true));
        }
        let name = |what: &str| match request.segments.len() {
            1 => what.to_owned(),
            _ => format!("{} {what}", index + 1),
        };
        let address = format!("{:#x}", segment.address);
        lines.push(checks.line(
            &name("address"),
            segment.address,
            &address,
            Reason::MemoryAddress,
        ));
        let length = number(segment.length);
        lines.push(checks.line(
            &name("length"),
            segment.length,
            &length,
            Reason::SegmentLength,
        ));
    }
    let more =
        (geometry.segment_count as usize).saturating_sub(request.segments.len().min(SEGMENTS));
    if more != 0 {
        let text = format!("  and {more} more segments");
        lines.push(Line::from(span(theme, Role::Faint, text)));
    }
    if limits.virt_boundary_mask != 0 && geometry.merged_count > 1 {
        lines.push(checks.boundary(geometry.gap_bits));
    }
    lines
}

/// The segment to draw: the first with a misaligned address or length, otherwise the first.
fn first_bad(request: &Request, checks: &Checks<'_>) -> usize {
    request
        .segments
        .iter()
        .position(|segment| is_bad(segment, checks))
        .unwrap_or(0)
}

fn is_bad(segment: &Segment, checks: &Checks<'_>) -> bool {
    checks.misses(segment.address, Reason::MemoryAddress)
        || checks.misses(segment.length, Reason::SegmentLength)
}

/// Compares values with the limits in force.
struct Checks<'a> {
    record: &'a Record,
    limits: &'a Limits,
    rule_set: RuleSet,
    broken: Reasons,
    theme: &'a Theme,
    width: usize,
}

impl Checks<'_> {
    /// The role of a stretch that is aligned, or misaligned.
    const fn role(&self, departs: bool) -> Role {
        if departs {
            Role::Verdict(self.record.verdict)
        } else {
            Role::Good
        }
    }

    /// Whether a value misses what full alignment asks.
    fn misses(&self, value: u64, reason: Reason) -> bool {
        self.record.reasons.contains(reason)
            && [self.rule_set, RuleSet::LogicalBlock]
                .iter()
                .any(|rule_set| {
                    Limit::of(self.record, reason, *rule_set)
                        .is_some_and(|limit| value & limit.mask() != 0)
                })
    }

    /// One value: what it must be a multiple of here, by how much it misses that, and whether it
    /// would do everywhere.
    fn line(&self, name: &str, value: u64, shown: &str, reason: Reason) -> Line<'static> {
        let symbols = self.theme.symbols;
        let mut spans = vec![Span::raw(format!("  {name:LABEL$} {shown:>VALUE$} "))];
        let Some(limit) = Limit::of(self.record, reason, self.rule_set) else {
            return Line::from(spans);
        };
        let over = value & limit.mask();
        let block = u64::from(self.limits.logical_block_mask());
        let unit = format!(
            "{} ({})",
            limit.bytes,
            limit.kind.name().trim_end_matches(" size")
        );
        let (role, sign, text) = if over != 0 && self.broken.contains(reason) {
            let missing = u64::from(limit.bytes) - over;
            let role = Role::Verdict(self.record.verdict);
            let mut text = format!("{over} over a multiple of {unit}");
            let more = format!(", {missing} below the next");
            if LABEL + VALUE + 6 + text.len() + more.len() <= self.width {
                text.push_str(&more);
            }
            (role, symbols.bad, text)
        } else if over != 0 {
            // Joined with its neighbour it is aligned, or another engine carried it.
            let text = format!("{over} over a multiple of {unit}, yet accepted");
            (Role::Text, symbols.good, text)
        } else if value & block != 0 {
            let role = Role::Verdict(crate::model::Verdict::Accepted);
            let text = format!(
                "multiple of {unit}; but {} over a logical block",
                size(value & block)
            );
            (role, symbols.good, text)
        } else {
            (Role::Good, symbols.good, format!("multiple of {unit}"))
        };
        let text = format!("{sign} {text}");
        let room = self.width.saturating_sub(LABEL + VALUE + 4);
        let text = crate::tui::text::cut(&text, room, symbols.cut).into_owned();
        spans.push(span(self.theme, role, text));
        Line::from(spans)
    }

    fn boundary(&self, gap_bits: u32) -> Line<'static> {
        let mask = self.limits.virt_boundary_mask;
        let symbols = self.theme.symbols;
        let bytes = mask.saturating_add(1);
        let (role, text) = if gap_bits & mask == 0 {
            (
                Role::Good,
                format!("{} all gaps lie at multiples of {bytes}", symbols.good),
            )
        } else if self.broken.contains(Reason::VirtBoundary) {
            let text = format!("{} a gap lies off the boundary of {bytes}", symbols.bad);
            (Role::Verdict(self.record.verdict), text)
        } else {
            let text = format!(
                "{} a gap off the boundary of {bytes}: bio split",
                symbols.good
            );
            (Role::Text, text)
        };
        let lead = format!("  {:LABEL$} {:>VALUE$} ", "gaps", "");
        Line::from(vec![Span::raw(lead), span(self.theme, role, text)])
    }
}

/// A stretch of bytes drawn on a row of units.
struct Strip {
    start: u64,
    length: u64,
    unit: u64,
}

impl Strip {
    /// Two lines: the units with the covered part, and the address of the first unit with the
    /// start's distance from it.
    fn draw(
        &self,
        theme: &Theme,
        width: usize,
        role: Role,
        hexadecimal: bool,
    ) -> [Line<'static>; 2] {
        let symbols = theme.symbols;
        let first = self.start - self.start % self.unit;
        let end = self.start.saturating_add(self.length);
        let touched = end.saturating_sub(first).div_ceil(self.unit).max(1);
        // At least two units, so that a border is visible; at most four, of which the last stands
        // for all that follow.
        let units = touched.clamp(2, 4);
        let columns = (width.saturating_sub(4) / units as usize)
            .saturating_sub(1)
            .clamp(2, 32);
        let mut strip = Line::from("  ");
        let mut pointer = None;
        for unit in 0..units {
            // A long request is drawn with its first units and its last.
            let number = if unit + 1 == units && touched > units {
                touched - 1
            } else {
                unit
            };
            let elided = unit + 1 == units && touched > units;
            let border = if elided { symbols.cut } else { symbols.border };
            strip.push_span(Span::raw(border.to_string()));
            let begin = first.saturating_add(number.saturating_mul(self.unit));
            let at = |column: u64| begin.saturating_add(self.unit * column / columns as u64);
            for column in 0..columns as u64 {
                let covered = at(column) < end && at(column + 1) > self.start;
                if covered && pointer.is_none() {
                    pointer = Some(strip.width());
                }
                strip.push_span(if covered {
                    span(theme, role, symbols.full)
                } else {
                    span(theme, Role::Faint, symbols.empty)
                });
            }
        }
        strip.push_span(Span::raw(symbols.border.to_string()));
        let beyond = self.start - first;
        let shown = |value: u64| {
            if hexadecimal {
                format!("{value:#x}")
            } else {
                number(value)
            }
        };
        let label = if beyond == 0 {
            format!(
                "starts at {}, a multiple of {}",
                shown(self.start),
                size(self.unit)
            )
        } else {
            format!("starts {beyond} bytes after {}", shown(first))
        };
        let at = pointer.unwrap_or(3);
        let below = if at + 2 + label.len() <= width {
            format!("{}{} {label}", " ".repeat(at), symbols.pointer)
        } else {
            let room = width.saturating_sub(2);
            format!("  {}", cut_front(&label, room, symbols.cut))
        };
        [strip, Line::from(span(theme, Role::Faint, below))]
    }
}
