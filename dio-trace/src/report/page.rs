//! A page: what a report says, in blocks that every format for reading lays out in its own way.

mod html;
mod markdown;
mod markup;
mod picture;
mod plain_text;

pub use plain_text::Look;

use crate::{
    findings::{Harm, Headline, Tone},
    model::Record,
};

/// A report for reading.
#[derive(Clone, Debug, Default)]
pub struct Page {
    title: String,
    blocks: Vec<Block>,
}

/// A part of a page.
#[derive(Clone, Debug)]
enum Block {
    /// The answer.
    Headline(Headline),
    /// A paragraph.
    Paragraph(Tone, String),
    /// The heading of the blocks that follow.
    Heading(String),
    /// The beginning of a finding.
    Finding(Title),
    /// A line of a finding, with a word for what it says.
    Labelled(&'static str, String),
    /// Lines that belong to the one before, such as the frames of a stack.
    Lines(Vec<String>),
    /// A request, for formats that can draw.
    Picture(Box<Record>),
    /// Rows of words and numbers.
    Table(Table),
}

/// The title of a finding.
#[derive(Clone, Debug)]
pub(super) struct Title {
    /// Its number, from 1.
    pub(super) number: usize,
    /// Whether everything about it follows, and not only a line or two.
    pub(super) in_full: bool,
    /// Its harm.
    pub(super) harm: Harm,
    /// Who did what.
    pub(super) text: String,
    /// Its id.
    pub(super) id: String,
    /// Number of its requests, and of all that might have had it.
    pub(super) share: [u64; 2],
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Headings, and whether the column holds numbers.
    pub(super) columns: Vec<(&'static str, bool)>,
    /// Cells.
    pub(super) rows: Vec<Vec<String>>,
}

impl Page {
    /// An empty page.
    pub(super) fn new(title: String) -> Self {
        Self {
            title,
            blocks: Vec::new(),
        }
    }

    pub(super) fn headline(&mut self, headline: Headline) {
        self.blocks.push(Block::Headline(headline));
    }

    pub(super) fn paragraph(&mut self, tone: Tone, text: impl Into<String>) {
        self.blocks.push(Block::Paragraph(tone, text.into()));
    }

    pub(super) fn heading(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Heading(text.into()));
    }

    pub(super) fn finding(&mut self, title: Title) {
        self.blocks.push(Block::Finding(title));
    }

    pub(super) fn labelled(&mut self, label: &'static str, text: impl Into<String>) {
        self.blocks.push(Block::Labelled(label, text.into()));
    }

    pub(super) fn lines(&mut self, lines: Vec<String>) {
        self.blocks.push(Block::Lines(lines));
    }

    pub(super) fn picture(&mut self, record: &Record) {
        self.blocks.push(Block::Picture(Box::new(record.clone())));
    }

    pub(super) fn table(&mut self, table: Table) {
        self.blocks.push(Block::Table(table));
    }
}
