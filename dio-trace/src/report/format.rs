//! The formats of a report, and the content of each.

use std::fmt;

use clap::ValueEnum;

/// A format of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading
    #[default]
    Text,
    /// Markdown, for a ticket
    Markdown,
    /// One HTML file without scripts, for a ticket
    Html,
    /// One summary object
    Json,
    /// One object per line
    Jsonl,
    /// Comma-separated values; an apostrophe comes before text that a spreadsheet would take for a formula
    Csv,
    /// Apache Parquet
    Parquet,
}

/// The content of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Totals and findings, with how the recording ends.
    Summary,
    /// A row for each row of the recording.
    Rows,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] = [
        Self::Text,
        Self::Markdown,
        Self::Html,
        Self::Json,
        Self::Jsonl,
        Self::Csv,
        Self::Parquet,
    ];

    /// Its name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// The content of reports in this format.
    #[must_use]
    pub const fn content(self) -> Content {
        match self {
            Self::Text | Self::Markdown | Self::Html | Self::Json => Content::Summary,
            Self::Jsonl | Self::Csv | Self::Parquet => Content::Rows,
        }
    }

    /// Whether it is not for a terminal.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        match self {
            Self::Text | Self::Markdown | Self::Html | Self::Json | Self::Jsonl | Self::Csv => {
                false
            }
            Self::Parquet => true,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_has_one_name() {
        for format in Format::ALL {
            assert_eq!(Format::from_str(format.name(), false), Ok(format));
        }
        assert_eq!(Format::value_variants(), Format::ALL);
    }
}
