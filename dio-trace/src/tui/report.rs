//! The screen as a text file, to paste into a ticket.

use ratatui::text::Line;

use crate::{
    model::printable,
    store::Snapshot,
    tui::{
        model::{Model, Screen},
        theme::Theme,
        view,
    },
};

/// Width of the text, in columns: as wide as tickets and mails allow.
const WIDTH: u16 = 132;

/// A name for a new file: tool, host, time.
#[must_use]
pub(super) fn file_name(snapshot: &Snapshot, extension: &str) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .map(|one| {
                if one.is_ascii_alphanumeric() || one == '-' {
                    one
                } else {
                    '_'
                }
            })
            .collect()
    };
    let time: String = snapshot
        .time
        .to_string()
        .chars()
        .take(19)
        .filter(|one| *one != ':')
        .collect();
    format!(
        "dio-trace-{}-{}.{extension}",
        plain(&snapshot.environment.host),
        plain(&time)
    )
}

/// The whole table or text of the screen, and the explanation of the selected row.
#[must_use]
pub(super) fn text(model: &Model, snapshot: &Snapshot) -> String {
    let theme = Theme::ASCII;
    let environment = &snapshot.environment;
    let place = model.place();
    let mut text = format!(
        "dio-trace {}: {}, kernel {}, rules {}\n",
        environment.tool_version,
        printable(&environment.host),
        printable(&environment.kernel_release),
        environment.rule_set,
    );
    text.push_str(&format!(
        "counted from {} to {}\n",
        snapshot.since, snapshot.time
    ));
    let mut put = |line: &Line<'_>| {
        text.push_str(line.to_string().trim_end());
        text.push('\n');
    };
    let width = usize::from(WIDTH);
    put(&view::summary(model, snapshot, &theme, width));
    if !place.steps.is_empty() {
        put(&Line::from(place.steps.join(theme.symbols.step)));
    }
    if !model.filter.is_empty() {
        put(&Line::from(format!(
            "filter: {}",
            printable(&model.filter.to_string())
        )));
    }
    put(&Line::default());
    if let Some(lines) = view::text(model, snapshot, &theme, width) {
        lines.iter().for_each(put);
        return text;
    }
    view::table_lines(model, snapshot, &theme, WIDTH)
        .iter()
        .for_each(&mut put);
    let cursor = model.cursor(snapshot);
    let example = match &place.screen {
        Screen::Tab(_) => snapshot
            .rows
            .get(cursor)
            .and_then(|(_, row)| row.example.as_ref())
            .or_else(|| snapshot.requests.get(cursor)),
        _ => None,
    };
    if let Some(record) = example {
        put(&Line::default());
        put(&Line::from("The selected row, by its newest request:"));
        view::record_lines(record, snapshot, &theme, width)
            .iter()
            .for_each(put);
    }
    text
}
