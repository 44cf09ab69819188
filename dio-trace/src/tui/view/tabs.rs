//! The line of tabs.

use ratatui::text::{Line, Span};

use crate::tui::{
    model::{Model, Screen, Tab},
    text::width as wide,
    theme::{Role, Theme},
    view::parts::span,
};

/// Number and name of each tab, with its columns. If not all names fit, some are shorter; if these do not
/// fit either, all but the present one are only numbers.
fn labels(width: usize, present: Option<Tab>) -> Vec<(Tab, String)> {
    let named = |name: fn(Tab) -> &'static str| {
        let labels = Tab::ALL.map(|tab| (tab, format!("{} {} ", tab as usize + 1, name(tab))));
        let fits = labels.iter().map(|(_, label)| wide(label)).sum::<usize>() <= width;
        fits.then(|| labels.to_vec())
    };
    named(Tab::title)
        .or_else(|| named(Tab::short))
        .unwrap_or_else(|| {
            let label = |tab: Tab| {
                let name = if present == Some(tab) {
                    format!("{} ", tab.title())
                } else {
                    String::new()
                };
                (tab, format!("{} {name}", tab as usize + 1))
            };
            Tab::ALL.map(label).to_vec()
        })
}

/// The line of tabs.
pub(super) fn line(model: &Model, theme: &Theme, width: usize) -> Line<'static> {
    let present = match model.place().screen {
        Screen::Tab(tab) => Some(tab),
        Screen::Request(_) | Screen::Help => None,
    };
    let mut line = Line::default();
    for (tab, label) in labels(width, present) {
        let role = if present == Some(tab) {
            Role::Key
        } else {
            Role::Text
        };
        line.push_span(span(theme, role, label));
    }
    let beyond = match model.place().screen {
        Screen::Request(_) => " one request ",
        Screen::Help => " help ",
        Screen::Tab(_) => return line,
    };
    line.push_span(span(theme, Role::Key, beyond));
    while line.width() > width && line.spans.len() > 1 {
        line.spans.remove(0);
    }
    line.push_span(Span::raw(""));
    line
}

/// The tab at a column of that line, where all names fit.
#[must_use]
pub(crate) fn tab_at(x: u16, width: u16) -> Option<Tab> {
    let mut end = 0;
    for (tab, label) in labels(usize::from(width), None) {
        end += wide(&label);
        if usize::from(x) < end {
            return Some(tab);
        }
    }
    None
}
