//! A page as text, for a terminal or a file.

use anstyle::{AnsiColor, Style};

use crate::{
    findings::{Harm, Tone},
    model::printable,
    report::page::{Block, Page, Table},
    text::{width, wrap},
};

/// Columns in front of the text of a finding.
const INDENT: usize = 3;
/// Columns of the word in front of a line of a finding, with the blanks after it.
const LABEL: usize = 11;

/// The look of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Columns at which lines are wrapped; `None` where they are not.
    pub width: Option<usize>,
    /// Whether there are colours.
    pub colour: bool,
}

impl Page {
    /// The page as text.
    #[must_use]
    pub fn text(&self, look: Look) -> String {
        let mut text = Text {
            look,
            text: String::new(),
            inside: false,
        };
        for block in &self.blocks {
            text.block(block);
        }
        text.text
    }
}

struct Text {
    look: Look,
    text: String,
    /// Whether the last block belongs to a finding or is a table, so that a paragraph keeps away.
    inside: bool,
}

impl Text {
    fn block(&mut self, block: &Block) {
        let plain = Style::new();
        match block {
            Block::Headline(headline) => {
                self.line("", &headline.to_string(), headline_style(headline));
            }
            Block::Paragraph(tone, text) => {
                if self.inside {
                    self.gap();
                }
                self.line("", text, style(*tone));
            }
            Block::Heading(text) => {
                self.gap();
                self.line("", text, plain.bold());
            }
            Block::Finding(title) => {
                if title.in_full || title.number == 1 {
                    self.gap();
                }
                let lead = format!("{}. ", title.number);
                let text = format!("{} [{}]", title.text, title.id);
                self.line(&lead, &text, style(Tone::Harm(title.harm)));
            }
            Block::Labelled(label, text) => {
                let lead = format!("{:INDENT$}{label:LABEL$}", "");
                let style = match *label {
                    "change" => plain.bold(),
                    _ => plain,
                };
                self.line(&lead, text, style);
            }
            Block::Lines(lines) => {
                let lead = " ".repeat(INDENT + LABEL + 2);
                for line in lines {
                    self.line(&lead, line, plain);
                }
            }
            Block::Picture(_) => {}
            Block::Table(table) => self.table(table),
        }
        self.inside = matches!(
            block,
            Block::Labelled(..) | Block::Lines(_) | Block::Picture(_) | Block::Table(_)
        );
    }

    fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// Adds a line, wrapped below its own beginning.
    fn line(&mut self, lead: &str, line: &str, style: Style) {
        let line = printable(line);
        let room = self.look.width.map_or(usize::MAX, |columns| {
            columns.saturating_sub(width(lead)).max(1)
        });
        let lines = if width(&line) <= room {
            vec![line.into_owned()]
        } else {
            wrap(&line, room)
        };
        let mut lead = printable(lead).into_owned();
        for line in lines {
            let line = line.trim_end();
            self.text.push_str(&lead);
            if self.look.colour && style != Style::new() {
                self.text.push_str(&format!("{style}{line}{style:#}"));
            } else {
                self.text.push_str(line);
            }
            while self.text.ends_with(' ') {
                self.text.pop();
            }
            self.text.push('\n');
            lead = " ".repeat(width(&lead));
        }
    }

    /// Adds a table as wide as it is: a row that is broken can no longer be read.
    fn table(&mut self, table: &Table) {
        let mut widths: Vec<usize> = table.columns.iter().map(|(name, _)| name.len()).collect();
        let rows: Vec<Vec<String>> = table
            .rows
            .iter()
            .map(|row| {
                row.iter()
                    .map(|cell| printable(cell).into_owned())
                    .collect()
            })
            .collect();
        for row in &rows {
            for (wide, cell) in widths.iter_mut().zip(row) {
                *wide = (*wide).max(width(cell));
            }
        }
        let names: Vec<String> = table
            .columns
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        let heads = (!names.iter().all(String::is_empty)).then_some(names);
        for row in heads.iter().chain(&rows) {
            let mut line = String::from(" ");
            for ((cell, wide), (_, right)) in row.iter().zip(&widths).zip(&table.columns) {
                let gap = " ".repeat(wide.saturating_sub(width(cell)));
                let (before, after) = if *right {
                    (gap.as_str(), "")
                } else {
                    ("", gap.as_str())
                };
                line.push_str(&format!(" {before}{cell}{after} "));
            }
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }
}

/// The colour of a tone: as on the dashboard.
fn style(tone: Tone) -> Style {
    let colour = |colour: AnsiColor| colour.on_default();
    match tone {
        Tone::Plain => Style::new(),
        Tone::Good => colour(AnsiColor::Green),
        Tone::Alarm => colour(AnsiColor::Red).bold(),
        Tone::Harm(harm) => match harm {
            Harm::Dangerous | Harm::Rejected => colour(AnsiColor::Red).bold(),
            Harm::Buffered => colour(AnsiColor::Magenta).bold(),
            Harm::Failed => colour(AnsiColor::Blue).bold(),
            Harm::Accepted => colour(AnsiColor::Yellow),
            Harm::Slow => Style::new().bold(),
        },
    }
}

fn headline_style(headline: &crate::findings::Headline) -> Style {
    headline
        .pieces
        .first()
        .map_or(Style::new(), |piece| style(piece.tone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_and_nothing_is_cut() {
        let mut page = Page::new(String::new());
        let words: Vec<String> = (0..40).map(|number| format!("word{number}")).collect();
        page.labelled("change", words.join(" "));
        for columns in [20, 33, 80, 100] {
            let look = Look {
                width: Some(columns),
                colour: false,
            };
            let text = page.text(look);
            assert!(text.lines().all(|line| width(line) <= columns), "{text}");
            for word in &words {
                assert!(text.split_whitespace().any(|found| found == word), "{word}");
            }
        }
        assert_eq!(page.text(Look::default()).lines().count(), 1);
    }

    #[test]
    fn colour_is_only_where_it_is_asked_for() {
        let mut page = Page::new(String::new());
        page.paragraph(Tone::Alarm, "lost");
        assert_eq!(page.text(Look::default()), "lost\n");
        let look = Look {
            width: None,
            colour: true,
        };
        assert_eq!(page.text(look), "\u{1b}[1m\u{1b}[31mlost\u{1b}[0m\n");
    }
}
