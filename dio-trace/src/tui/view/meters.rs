//! Meters: the rate of each verdict, with its last minutes as a sparkline.
//!
//! ratatui's Sparkline is a widget of its own; this one is a part of a line, and shows everything
//! above zero.

use ratatui::text::Line;

use crate::{
    model::Verdict,
    store::Snapshot,
    text::{per_second, percent, short},
    tui::{
        theme::{Role, Theme},
        view::parts::span,
    },
};

/// The verdicts, worst first as everywhere.
const ORDER: [Verdict; 5] = [
    Verdict::Rejected,
    Verdict::Buffered,
    Verdict::Accepted,
    Verdict::Failed,
    Verdict::Aligned,
];

/// One line for each verdict.
pub(super) fn lines(snapshot: &Snapshot, theme: &Theme, width: usize) -> Vec<Line<'static>> {
    let now = snapshot.rates.now();
    let total = snapshot.total.total().count;
    ORDER
        .iter()
        .map(|&verdict| {
            let count = snapshot.total.verdict(verdict).count;
            let role = if count == 0 {
                Role::Faint
            } else {
                Role::Verdict(verdict)
            };
            let per_second = format!("{}/s", per_second(now[verdict as usize]));
            let numbers = format!(
                "{:8} {per_second:>8} {:>6} {:>6} ",
                verdict.word(),
                short(count),
                percent(count, total),
            );
            let room = width.saturating_sub(numbers.len());
            let rates: Vec<f64> = snapshot.rates.of(verdict).collect();
            let picture = sparkline(&rates, room, theme);
            Line::from(vec![span(theme, role, numbers), span(theme, role, picture)])
        })
        .collect()
}

/// Part of the height that the largest rate takes. A steady rate must not fill the bar, which would
/// look like a limit.
const HEADROOM: f64 = 1.15;

/// The newest rates, at the right end. Each line has a scale of its own: next to a million aligned
/// requests a few rejected ones would be invisible. Anything above zero shows at least a trace.
pub(super) fn sparkline(rates: &[f64], width: usize, theme: &Theme) -> String {
    let shown = &rates[rates.len().saturating_sub(width)..];
    let most = shown.iter().copied().fold(0.0, f64::max);
    let levels = theme.symbols.spark;
    let top = levels.len() - 1;
    let level = |rate: f64| {
        if rate <= 0.0 || most <= 0.0 {
            return levels[0];
        }
        levels[((rate / (most * HEADROOM) * top as f64).ceil() as usize).clamp(1, top)]
    };
    let bars: String = shown.iter().map(|rate| level(*rate)).collect();
    format!("{}{bars}", " ".repeat(width - shown.len()))
}
