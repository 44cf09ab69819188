//! The pieces that lines of the screen are made of.

use ratatui::text::{Line, Span};

use crate::tui::{
    text::{width as width_of, wrap},
    theme::{Role, Theme},
};

/// A piece of a line.
pub(super) fn span(theme: &Theme, role: Role, text: impl Into<String>) -> Span<'static> {
    Span::styled(text.into(), theme.style(role))
}

/// A heading inside a text.
pub(super) fn section(theme: &Theme, title: &str) -> Line<'static> {
    Line::from(span(theme, Role::Place, title))
}

/// A sentence over as many lines as it needs; all but the first are indented like its text.
pub(super) fn sentence(
    theme: &Theme,
    role: Role,
    lead: &str,
    text: &str,
    width: usize,
) -> Vec<Line<'static>> {
    let indent = width_of(lead);
    let mut lead = lead.to_owned();
    wrap(text, width.saturating_sub(indent))
        .into_iter()
        .map(|line| {
            let before = std::mem::replace(&mut lead, " ".repeat(indent));
            Line::from(vec![Span::raw(before), span(theme, role, line)])
        })
        .collect()
}

/// Puts pieces side by side while there is room. The first ones matter most, and a piece that does
/// not fit is left out.
pub(super) fn fitted(pieces: Vec<Span<'static>>, width: usize) -> Line<'static> {
    let mut line = Line::default();
    let mut used = 0;
    for piece in pieces {
        let wide = piece.width();
        if used + wide > width {
            break;
        }
        used += wide;
        line.push_span(piece);
    }
    line
}
