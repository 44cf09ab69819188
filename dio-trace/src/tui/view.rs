//! Draws the screen. Pure: the same model, snapshot and theme give the same picture.

mod alignments;
mod detail;
mod footer;
mod header;
mod help;
mod host;
mod log;
mod meters;
mod picture;
mod table;
mod tabs;
mod timeline;
mod why;

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

pub(super) use detail::lines as record_lines;
pub(super) use header::summary;
pub(super) use table::lines as table_lines;
pub(super) use tabs::tab_at;

use crate::{
    store::Snapshot,
    tui::{
        layout::Areas,
        model::{Model, Screen, Tab},
        theme::{Role, Theme},
    },
};

/// Draws everything.
pub fn view(frame: &mut Frame<'_>, model: &Model, snapshot: &Snapshot, theme: &Theme) {
    let frame_area = frame.area();
    // The terminal may have shrunk since the model got its size.
    let fitting = |area: Rect| area.intersection(frame_area);
    let areas = Areas::of(model);
    let mut put = |area: Rect, lines: Vec<Line<'static>>| {
        let area = fitting(area);
        if !area.is_empty() {
            frame.render_widget(Paragraph::new(lines), area);
        }
    };
    let width = usize::from(model.size.0);
    put(
        areas.header,
        vec![header::environment(model, snapshot, theme, width)],
    );
    put(areas.summary, vec![summary(model, snapshot, theme, width)]);
    put(areas.meters, meters::lines(snapshot, theme, width));
    if let Some(playback) = &model.playback {
        put(areas.timeline, vec![timeline::line(playback, theme, width)]);
    }
    put(areas.tabs, vec![tabs::line(model, theme, width)]);
    put(
        areas.title,
        vec![header::title(model, snapshot, theme, width)],
    );
    let height = usize::from(areas.body.height);
    let body = match text(model, snapshot, theme, width) {
        Some(lines) => {
            let last = lines.len().saturating_sub(height);
            lines
                .into_iter()
                .skip(model.place().offset.min(last))
                .take(height)
                .collect()
        }
        None => table::visible(model, snapshot, theme, areas.body),
    };
    put(areas.body, body);
    put(areas.why, why::lines(model, snapshot, theme, areas.why));
    put(areas.footer, vec![footer::line(model, theme, width)]);
}

/// All lines of a screen that is not a table.
#[must_use]
pub(super) fn text(
    model: &Model,
    snapshot: &Snapshot,
    theme: &Theme,
    width: usize,
) -> Option<Vec<Line<'static>>> {
    match &model.place().screen {
        Screen::Request(record) => Some(detail::lines(record, snapshot, theme, width)),
        Screen::Help => Some(help::lines(theme, width)),
        Screen::Tab(Tab::Alignments) => Some(alignments::lines(model, snapshot, theme, width)),
        Screen::Tab(Tab::Log) => Some(log::lines(snapshot, theme, width)),
        Screen::Tab(Tab::Host) => Some(host::lines(snapshot, theme, width)),
        Screen::Tab(_) => None,
    }
}

/// The number of lines of [`text`].
#[must_use]
pub(super) fn text_lines(model: &Model, snapshot: &Snapshot, width: usize) -> usize {
    text(model, snapshot, &Theme::MONOCHROME, width).map_or(0, |lines| lines.len())
}

/// A piece of a line.
fn span(theme: &Theme, role: Role, text: impl Into<String>) -> Span<'static> {
    Span::styled(text.into(), theme.style(role))
}

/// A heading inside a text.
fn section(theme: &Theme, title: &str) -> Line<'static> {
    Line::from(span(theme, Role::Place, title))
}

/// A sentence over as many lines as it needs; all but the first are indented like its text.
fn sentence(theme: &Theme, role: Role, lead: &str, text: &str, width: usize) -> Vec<Line<'static>> {
    let indent = crate::tui::text::width(lead);
    let mut lead = lead.to_owned();
    crate::tui::text::wrap(text, width.saturating_sub(indent))
        .into_iter()
        .map(|line| {
            let before = std::mem::replace(&mut lead, " ".repeat(indent));
            Line::from(vec![Span::raw(before), span(theme, role, line)])
        })
        .collect()
}

/// Puts pieces side by side while there is room. The first ones matter most, and a piece that does
/// not fit is left out.
fn fitted(pieces: Vec<Span<'static>>, width: usize) -> Line<'static> {
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
