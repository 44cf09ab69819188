//! The event log, newest first.

use ratatui::text::{Line, Span};

use crate::{
    diagnose::diagnose,
    model::printable,
    store::{Event, Snapshot},
    text::{clock, number},
    tui::{
        text::cut,
        theme::{Role, Theme},
        view::parts::span,
    },
};

/// One line for each event.
pub(super) fn lines(snapshot: &Snapshot, theme: &Theme, width: usize) -> Vec<Line<'static>> {
    if snapshot.log.is_empty() {
        let text =
            "nothing yet: the first request of each kind of trouble, and losses, appear here";
        return vec![Line::from(span(theme, Role::Faint, text))];
    }
    let mut lines: Vec<Line<'static>> = snapshot
        .log
        .iter()
        .rev()
        .map(|entry| {
            let (role, text) = describe(&entry.event, snapshot);
            let time = format!("{} ", clock(entry.time));
            let room = width.saturating_sub(time.len());
            let text = cut(&text, room, theme.symbols.cut).into_owned();
            Line::from(vec![Span::raw(time), span(theme, role, text)])
        })
        .collect();
    if snapshot.log_dropped != 0 {
        let text = format!(
            "{} older entries were dropped",
            number(snapshot.log_dropped)
        );
        lines.push(Line::from(span(theme, Role::Faint, text)));
    }
    lines
}

fn describe(event: &Event, snapshot: &Snapshot) -> (Role, String) {
    match event {
        Event::First(record) => {
            let diagnosis = diagnose(record, snapshot.environment.rule_set);
            let path = record
                .path
                .as_deref()
                .map_or_else(|| "a file".into(), printable);
            let why: Vec<_> = record.reasons.words().collect();
            let text = format!(
                "first {} by {} {}: {}; {path} ({})",
                record.verdict,
                printable(&record.comm),
                record.pid,
                if why.is_empty() {
                    diagnosis.headline
                } else {
                    why.join(", ")
                },
                record
                    .disk
                    .as_deref()
                    .map_or_else(|| "no device".into(), printable),
            );
            (Role::Verdict(record.verdict), text)
        }
        Event::Lost(loss) => {
            let effect = if loss.cause.keeps_counts_exact() {
                "counts stay exact"
            } else {
                "counts are NOT exact"
            };
            (
                Role::Danger,
                format!("lost {}: {}; {effect}", number(loss.count), loss.cause),
            )
        }
        Event::Folded { processes } => (
            Role::Text,
            format!(
                "{} processes folded into the (others) row to bound memory",
                number(*processes)
            ),
        ),
        Event::Note(text) => (Role::Text, printable(text).into_owned()),
    }
}
