//! The time line of a replay: where in the recording trouble is, and the present position.

use ratatui::text::Line;

use crate::text::clock;
use crate::tui::{
    playback::{Playback, SPEEDS},
    text::width as wide,
    theme::{Role, Theme},
    view::parts::span,
};

/// One line: state, start, trouble over time with the position, end.
pub(super) fn line(playback: &Playback, theme: &Theme, width: usize) -> Line<'static> {
    let symbols = theme.symbols;
    let state = if playback.playing {
        symbols.play
    } else {
        symbols.pause
    };
    let speed = match SPEEDS.get(playback.speed).copied().flatten() {
        Some(speed) => format!("{speed}x"),
        None => "max".to_owned(),
    };
    let end = playback.outline.end.max(playback.position);
    let unsure = if playback.outline.complete { "" } else { "..." };
    let left = format!("{state} {speed:<5} {} ", clock(playback.position));
    let right = format!(" {}{unsure}", clock(end));
    let room = width.saturating_sub(wide(&left) + wide(&right));
    if room < 8 {
        return Line::from(span(theme, Role::Text, left));
    }
    let length = end.since(playback.start).max(1);
    let passed = playback.position.since(playback.start) as f64 / length as f64;
    let head = ((passed * room as f64) as usize).min(room - 1);
    let trouble = playback.outline.columns(room);
    let most = trouble.iter().copied().fold(0.0, f64::max);
    let mut line = Line::from(span(theme, Role::Text, left));
    for (index, amount) in trouble.into_iter().enumerate() {
        let (role, sign) = match amount {
            _ if index == head => (Role::Banner, symbols.head),
            none if none <= 0.0 => (Role::Faint, symbols.rule),
            some => {
                let top = symbols.spark.len() - 1;
                let level = (some / most * top as f64).ceil() as usize;
                let role = Role::Verdict(crate::model::Verdict::Rejected);
                (role, symbols.spark[level.clamp(1, top)])
            }
        };
        line.push_span(span(theme, role, sign));
    }
    line.push_span(span(theme, Role::Text, right));
    line
}
