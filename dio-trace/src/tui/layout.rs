//! Layout: the parts of the screen. Small terminals lose the least useful parts first; the rows get
//! the rest.

use ratatui::layout::Rect;

use crate::tui::model::{Model, Screen, Tab};

/// Height of the meters: one line for each verdict.
const METERS: u16 = 5;

/// Height of the explanation below a table, including the rule above it.
const WHY: u16 = 7;

/// The parts; a part without room has height 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// Host, kernel, rules, state.
    pub header: Rect,
    /// Totals in one line.
    pub summary: Rect,
    /// Rates by verdict with sparklines.
    pub meters: Rect,
    /// Time line of a replay.
    pub timeline: Rect,
    /// Tabs.
    pub tabs: Rect,
    /// Title of the table.
    pub title: Rect,
    /// The table with its heading, or the screen's text.
    pub body: Rect,
    /// Explanation of the selected row.
    pub why: Rect,
    /// Keys, or the line that is being typed.
    pub footer: Rect,
}

impl Areas {
    /// Divides the terminal.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let (width, height) = model.size;
        let screen = &model.place().screen;
        let table = matches!(screen, Screen::Tab(tab) if tab.grouping(false).is_some());
        let findings = matches!(screen, Screen::Tab(Tab::Findings));
        let when = |lines: u16, least: u16| if height >= least { lines } else { 0 };
        let first = model.depth() == 0;
        let heights = [
            when(1, 3),
            when(1, 9),
            if table {
                when(METERS, if first && !findings { 20 } else { 36 })
            } else {
                0
            },
            if model.playback.is_some() {
                when(1, 8)
            } else {
                0
            },
            when(1, 7),
            if table { when(1, 14) } else { 0 },
        ];
        let footer = when(1, 2);
        let rest = height.saturating_sub(heights.iter().sum::<u16>() + footer);
        let why = match (table, findings) {
            // What is wrong and what to change must be on the first screen.
            (true, true) => when(rest * 3 / 5, 14),
            (true, false) => when(WHY, 30),
            (false, _) => 0,
        };
        let mut line = 0;
        let mut next = |lines: u16| {
            let area = Rect {
                x: 0,
                y: line,
                width,
                height: lines,
            };
            line += lines;
            area
        };
        let [header, summary, meters, timeline, tabs, title] = heights.map(&mut next);
        let body = next(rest.saturating_sub(why));
        let (why, footer) = (next(why), next(footer));
        Self {
            header,
            summary,
            meters,
            timeline,
            tabs,
            title,
            body,
            why,
            footer,
        }
    }

    /// Number of rows that fit into the table, below its heading.
    #[must_use]
    pub fn rows(&self) -> usize {
        usize::from(self.body.height.saturating_sub(1))
    }
}
