//! Histograms of the alignments of captured requests.

use ratatui::text::{Line, Span};

use crate::{
    model::Verdict,
    store::{Axis, BUCKETS, Snapshot},
    text::{number, short, size},
    tui::{
        model::Model,
        theme::{Role, Theme},
        view::parts::{section, sentence, span},
    },
};

/// Draws three histograms, one below the other.
pub(super) fn lines(
    model: &Model,
    snapshot: &Snapshot,
    theme: &Theme,
    width: usize,
) -> Vec<Line<'static>> {
    let whose = match model.place().steps.first() {
        Some(process) if model.place().scope.process.is_some() => process.as_str(),
        _ => "all processes",
    };
    let captured = snapshot.histogram.total();
    let intro = format!(
        "{} captured requests of {whose}, since the start; requests that are only counted (aligned \
         ones, and those beyond a process's share of details) and probing have no place here",
        number(captured),
    );
    let mut lines = sentence(theme, Role::Text, "", &intro, width);
    for axis in Axis::ALL {
        lines.push(Line::default());
        let title = match axis {
            Axis::Memory => "Memory alignment: addresses of all segments are multiples of",
            Axis::Length => "Length alignment: lengths of all segments are multiples of",
            Axis::Offset => "Offset alignment: the offset is a multiple of",
        };
        lines.push(section(theme, title));
        lines.extend(histogram(snapshot, axis, theme, width));
    }
    lines
}

fn histogram(snapshot: &Snapshot, axis: Axis, theme: &Theme, width: usize) -> Vec<Line<'static>> {
    let sum = |bucket: usize| -> u64 {
        snapshot
            .histogram
            .bucket(axis, bucket)
            .iter()
            .map(|count| u64::from(*count))
            .sum()
    };
    let filled: Vec<usize> = (0..BUCKETS).filter(|bucket| sum(*bucket) != 0).collect();
    let (Some(first), Some(last)) = (filled.first(), filled.last()) else {
        return vec![Line::from(span(theme, Role::Faint, "  none captured"))];
    };
    let most = filled.iter().map(|bucket| sum(*bucket)).max().unwrap_or(1);
    let room = width.saturating_sub(36).clamp(8, 100);
    (*first..=*last)
        .map(|bucket| {
            let beyond = if bucket == BUCKETS - 1 { "+" } else { "" };
            let label = format!("  {:>6} ", format!("{}{beyond}", size(1 << bucket)));
            let mut line = Line::from(Span::raw(format!("{label}{:>6} ", short(sum(bucket)))));
            bar(
                &mut line,
                snapshot.histogram.bucket(axis, bucket),
                most,
                room,
                theme,
            );
            line
        })
        .collect()
}

/// A bar in parts, one for each verdict, and the verdicts in words.
fn bar(
    line: &mut Line<'static>,
    counts: [u32; Verdict::ALL.len()],
    most: u64,
    room: usize,
    theme: &Theme,
) {
    let mut words = Vec::new();
    for &verdict in Verdict::ALL.iter().rev() {
        let count = u64::from(counts[verdict as usize]);
        if count == 0 {
            continue;
        }
        let columns = (count as f64 / most as f64 * room as f64).ceil() as usize;
        let part = theme
            .symbols
            .full
            .to_string()
            .repeat(columns.clamp(1, room));
        line.push_span(span(theme, Role::Verdict(verdict), part));
        words.push((verdict, verdict.word()));
    }
    for (verdict, word) in words {
        line.push_span(Span::raw(" "));
        line.push_span(span(theme, Role::Verdict(verdict), word));
    }
}
