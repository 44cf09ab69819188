//! Draws all parts of the screen. Pure: the same model, snapshot and theme give the same picture.

mod alignments;
mod detail;
mod footer;
mod header;
mod help;
mod host;
mod log;
mod meters;
mod parts;
mod picture;
mod table;
mod tabs;
mod timeline;
mod why;

use ratatui::{Frame, layout::Rect, text::Line, widgets::Paragraph};

pub(super) use detail::lines as record_lines;
pub(super) use header::summary;
pub(super) use table::lines as table_lines;
pub(super) use tabs::tab_at;

use crate::{
    store::Snapshot,
    tui::{
        layout::Areas,
        model::{Model, Screen, Tab},
        theme::Theme,
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
        Screen::Tab(
            Tab::Findings
            | Tab::Processes
            | Tab::Files
            | Tab::Devices
            | Tab::Reasons
            | Tab::Requests,
        ) => None,
    }
}

/// The number of lines of [`text`].
#[must_use]
pub(super) fn text_lines(model: &Model, snapshot: &Snapshot, width: usize) -> usize {
    text(model, snapshot, &Theme::MONOCHROME, width).map_or(0, |lines| lines.len())
}
