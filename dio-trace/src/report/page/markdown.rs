//! A page as Markdown, for a ticket.

use std::fmt::Write;

use crate::report::page::{Block, Page, Table, markup::escaped_for_markdown as escaped};

impl Page {
    /// The page as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let mut listed = false;
        for block in &self.blocks {
            let is_item = matches!(block, Block::Labelled(..));
            if listed && !is_item && !matches!(block, Block::Lines(_)) {
                text.push('\n');
            }
            listed = is_item || (listed && matches!(block, Block::Lines(_)));
            add(&mut text, block);
        }
        text
    }
}

fn add(text: &mut String, block: &Block) {
    // Writing to a string cannot fail.
    let _ = match block {
        Block::Headline(headline) => writeln!(text, "**{}**\n", escaped(&headline.to_string())),
        Block::Paragraph(_, line) => writeln!(text, "{}\n", escaped(line)),
        Block::Heading(line) => writeln!(text, "## {}\n", escaped(line)),
        Block::Finding(title) => writeln!(
            text,
            "### {}. {} `{}`\n",
            title.number,
            escaped(&title.text),
            title.id
        ),
        Block::Labelled(label, line) => writeln!(text, "- **{label}**: {}", escaped(line)),
        Block::Lines(lines) => lines
            .iter()
            .try_for_each(|line| writeln!(text, "  - {}", escaped(line))),
        Block::Picture(_) => Ok(()),
        Block::Table(rows) => table(text, rows),
    };
}

fn table(text: &mut String, table: &Table) -> std::fmt::Result {
    let row = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let names = table.columns.iter();
    text.write_str(&row(&mut names.clone().map(|(name, _)| (*name).to_owned())))?;
    text.write_str(&row(
        &mut names.map(|(_, right)| if *right { "---:" } else { "---" }.to_owned())
    ))?;
    for cells in &table.rows {
        text.write_str(&row(&mut cells.iter().map(|cell| escaped(cell))))?;
    }
    writeln!(text)
}
