//! Tables: a heading, and the rows for which there is room.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    model::Record,
    store::{Column, Row, RowKey, Snapshot},
    text::{elapsed, number},
    tui::{
        cells::{Cell, of_request, of_row},
        columns::{Shown, fit},
        labels::{path, searchable, searchable_request},
        model::{Ending, Model, Screen, Tab},
        text::{cut_front, width as wide},
        theme::{Role, Theme},
        view::parts::{sentence, span},
    },
};

/// The heading and the visible rows.
pub(super) fn visible(
    model: &Model,
    snapshot: &Snapshot,
    theme: &Theme,
    area: Rect,
) -> Vec<Line<'static>> {
    let Screen::Tab(tab) = model.place().screen else {
        return Vec::new();
    };
    let shown = fit(tab, area.width);
    let mut lines = vec![heading(model, &shown, theme, usize::from(area.width))];
    let room = usize::from(area.height).saturating_sub(1);
    let count = snapshot.rows.len() + snapshot.requests.len();
    if count == 0 {
        lines.extend(empty(model, snapshot, theme, usize::from(area.width)));
        return lines;
    }
    let offset = model.place().offset.min(count.saturating_sub(1));
    lines.extend(rows(
        model,
        snapshot,
        theme,
        &shown,
        offset..(offset + room).min(count),
    ));
    lines
}

/// The whole table without a cursor, for a report.
#[must_use]
pub(crate) fn lines(
    model: &Model,
    snapshot: &Snapshot,
    theme: &Theme,
    width: u16,
) -> Vec<Line<'static>> {
    let Screen::Tab(tab) = model.place().screen else {
        return Vec::new();
    };
    let shown = fit(tab, width);
    let mut lines = vec![heading(model, &shown, theme, usize::from(width))];
    let count = snapshot.rows.len() + snapshot.requests.len();
    lines.extend(rows(model, snapshot, theme, &shown, 0..count));
    lines
}

/// The heading, with a mark at the column by which the table is sorted.
fn heading(model: &Model, shown: &[Shown], theme: &Theme, width: usize) -> Line<'static> {
    let order = model.place().order;
    let arrow = if order.descending {
        theme.symbols.descending
    } else {
        theme.symbols.ascending
    };
    let mut line = Line::from(span(theme, Role::Heading, " "));
    for one in shown {
        let sorted = one.spec.column == order.column;
        let columns = usize::from(one.width);
        let fits = one.spec.full.len() <= columns;
        let mut title = if fits { one.spec.full } else { one.spec.title }.to_owned();
        if sorted {
            // If there is no room next to the title, the arrow replaces its last letter.
            if title.len() >= columns {
                title.pop();
            }
            if one.spec.right {
                title.insert(0, arrow);
            } else {
                title.push(arrow);
            }
        }
        let role = if sorted { Role::Sorted } else { Role::Heading };
        line.push_span(span(theme, role, padded(&title, columns, one.spec.right)));
        line.push_span(span(theme, Role::Heading, " "));
    }
    let rest = width.saturating_sub(line.width());
    line.push_span(span(theme, Role::Heading, " ".repeat(rest)));
    line
}

fn padded(text: &str, columns: usize, right: bool) -> String {
    let pad = " ".repeat(columns.saturating_sub(wide(text)));
    if right {
        format!("{pad}{text}")
    } else {
        format!("{text}{pad}")
    }
}

fn rows(
    model: &Model,
    snapshot: &Snapshot,
    theme: &Theme,
    shown: &[Shown],
    range: std::ops::Range<usize>,
) -> Vec<Line<'static>> {
    let cursor = model.cursor(snapshot);
    let wanted = model.search.to_lowercase();
    let is_hit = |text: String| !wanted.is_empty() && text.contains(&wanted);
    range
        .filter_map(|index| {
            let style = |hit: bool| RowStyle {
                cursor: index == cursor,
                hit,
            };
            if let Some((depth, row)) = snapshot.rows.get(index) {
                let last = snapshot
                    .rows
                    .get(index + 1)
                    .is_none_or(|(next, _)| next < depth);
                let tree = Branch {
                    depth: *depth,
                    last,
                };
                let cell = |column, columns| {
                    tree_cell(row, &tree, column, columns, theme)
                        .unwrap_or_else(|| of_row(row, column, columns, snapshot, theme))
                };
                return Some(line(shown, style(is_hit(searchable(row))), theme, cell));
            }
            let record: &Record = snapshot.requests.get(index)?;
            let cell = |column, columns| of_request(record, column, columns, theme);
            Some(line(
                shown,
                style(is_hit(searchable_request(record))),
                theme,
                cell,
            ))
        })
        .collect()
}

struct Branch {
    depth: u8,
    last: bool,
}

/// In a tree, the path of a file takes the place of the process name.
fn tree_cell(
    row: &Row,
    branch: &Branch,
    column: Column,
    columns: usize,
    theme: &Theme,
) -> Option<Cell> {
    if branch.depth == 0 || !matches!(row.key, RowKey::ProcessFile(..)) {
        return None;
    }
    match column {
        Column::Command => {
            let symbols = theme.symbols;
            let lead = if branch.last {
                symbols.last_branch
            } else {
                symbols.branch
            };
            let room = columns.saturating_sub(wide(lead));
            let path = path(row);
            Some((
                format!("{lead}{}", cut_front(&path, room, symbols.cut)),
                Role::Text,
            ))
        }
        Column::Pid | Column::User | Column::Cgroup | Column::FileCount => {
            Some((String::new(), Role::Text))
        }
        _ => None,
    }
}

#[derive(Clone, Copy)]
struct RowStyle {
    cursor: bool,
    hit: bool,
}

fn line(
    shown: &[Shown],
    row: RowStyle,
    theme: &Theme,
    mut cell: impl FnMut(Column, usize) -> Cell,
) -> Line<'static> {
    let mark = if row.cursor {
        theme.symbols.cursor
    } else {
        ' '
    };
    let mut spans = vec![Span::raw(mark.to_string())];
    for one in shown {
        let columns = usize::from(one.width);
        let (text, role) = cell(one.spec.column, columns);
        // A number that was cut would be misread, so the cut is marked.
        let text = if wide(&text) > columns {
            "#".repeat(columns)
        } else {
            text
        };
        spans.push(span(theme, role, padded(&text, columns, one.spec.right)));
        spans.push(Span::raw(" "));
    }
    let mut line = Line::from(spans);
    if row.hit {
        line = line.patch_style(theme.style(Role::Match));
    }
    if row.cursor {
        // Overrides the cells' own colours, which may be invisible on the cursor's.
        let style = theme.style(Role::Cursor);
        for span in &mut line.spans {
            span.style = span.style.patch(style);
        }
    }
    line
}

/// The text for a table without rows.
fn empty(model: &Model, snapshot: &Snapshot, theme: &Theme, width: usize) -> Vec<Line<'static>> {
    let total = snapshot.total.total().count;
    let tab = model.tab();
    let playback = model.playback.as_ref();
    let text = if total == 0 && playback.is_some_and(|playback| !playback.is_at_end()) {
        "Nothing yet at this place of the recording. Space plays, . goes one batch forward, $ to \
         the end."
            .to_owned()
    } else if total == 0 {
        match model.ending {
            Ending::None => format!(
                "Waiting: no direct (O_DIRECT) requests have been seen in {}. Aligned ones appear \
                 here as well, so nothing on this host is doing direct I/O at the moment.",
                elapsed(snapshot.time.since(snapshot.since)),
            ),
            _ => "The recording has no direct (O_DIRECT) requests.".to_owned(),
        }
    } else if !model.filter.is_empty() {
        format!(
            "None of {} direct requests matches the filter {}. F drops it, f changes it.",
            number(total),
            crate::model::printable(&model.filter.to_string()),
        )
    } else if tab == Tab::Findings {
        format!(
            "Nothing to report of {} direct requests: all are aligned, or not at fault. 2 shows the \
             processes.",
            number(total)
        )
    } else if tab == Tab::Requests {
        "None of these requests was captured: aligned ones are only counted, and each process may \
         send only a limited number of details a second."
            .to_owned()
    } else {
        "Nothing in the last minute. w shows everything since the start.".to_owned()
    };
    let mut lines = vec![Line::default()];
    lines.extend(sentence(
        theme,
        Role::Text,
        "  ",
        &text,
        width.saturating_sub(2),
    ));
    lines
}
