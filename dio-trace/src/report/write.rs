//! A report of a recording in any format.

use std::io::{Read, Write};

use arrow_schema::SchemaRef;

use crate::{
    filter::Filter,
    recording::{Ending, Reader, select},
    report::{
        content::page,
        csv::Csv,
        detail::Detail,
        format::Format,
        json::json,
        jsonl::JsonLines,
        page::Look,
        parquet::Parquet,
        rows::Rows,
        summary::Summary,
        what_if::{Forecast, text as forecast_text},
    },
};

/// What a report is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Its format.
    pub format: Format,
    /// How much it says, in formats for reading.
    pub detail: Detail,
    /// The look of text.
    pub look: Look,
}

/// Writes a report of the requests that `filter` lets through, and of all losses, to `output`. `name` is
/// that of the recordings, for people. Returns the ending of the recording; a summary says it, too.
///
/// # Errors
/// Where the recording cannot be read, or the output cannot be written.
pub fn write<R: Read>(
    readers: impl IntoIterator<Item = Result<Reader<R>, String>>,
    filter: &Filter,
    shape: Shape,
    name: &str,
    output: Box<dyn Write + Send>,
) -> anyhow::Result<Ending> {
    let page = |summary: &Summary| page(summary, filter, name, shape.detail);
    match shape.format {
        Format::Text => summed_up(
            readers,
            filter,
            output,
            |one| Ok(page(one).text(shape.look)),
        ),
        Format::Markdown => summed_up(readers, filter, output, |one| Ok(page(one).markdown())),
        Format::Html => summed_up(readers, filter, output, |one| Ok(page(one).html())),
        Format::Json => summed_up(readers, filter, output, |one| pretty(&json(one))),
        Format::Jsonl => row_by_row(readers, filter, |_| Ok(Box::new(JsonLines::new(output)))),
        Format::Csv => row_by_row(readers, filter, |schema| {
            Ok(Box::new(Csv::new(schema, output)?))
        }),
        Format::Parquet => row_by_row(readers, filter, |schema| {
            Ok(Box::new(Parquet::new(schema, output)?))
        }),
    }
}

/// Writes what `text` makes of the summary.
fn summed_up<R: Read>(
    readers: impl IntoIterator<Item = Result<Reader<R>, String>>,
    filter: &Filter,
    output: Box<dyn Write + Send>,
    text: impl FnOnce(&Summary) -> anyhow::Result<String>,
) -> anyhow::Result<Ending> {
    let summary = Summary::of_all(readers, filter).map_err(anyhow::Error::msg)?;
    write_whole(&text(&summary)?, output)?;
    Ok(summary.ending)
}

/// Writes every row to the writer that `open` makes for the columns of the first recording.
fn row_by_row<R: Read>(
    readers: impl IntoIterator<Item = Result<Reader<R>, String>>,
    filter: &Filter,
    open: impl FnOnce(&SchemaRef) -> anyhow::Result<Box<dyn Rows>>,
) -> anyhow::Result<Ending> {
    let mut readers = readers.into_iter();
    let first = readers.next().ok_or("there is no recording".to_owned());
    let first = first.flatten().map_err(anyhow::Error::msg)?;
    let schema = first.schema().clone();
    let mut rows = open(&schema)?;
    let mut worst = Ending::Finished;
    for reader in std::iter::once(Ok(first)).chain(readers) {
        let reader = reader.map_err(anyhow::Error::msg)?;
        if reader.schema().fields() != schema.fields() {
            anyhow::bail!(
                "the recordings have different columns, because versions of this program wrote them: \
                 report them one by one in this format"
            );
        }
        worst = worst.max(write_rows(reader, filter, &mut *rows)?);
    }
    rows.finish()?;
    Ok(worst)
}

/// Writes a forecast to `output`, in a format whose content is a summary.
///
/// # Errors
/// Where the format has rows, or the output cannot be written.
pub fn write_forecast(
    forecast: &Forecast,
    format: Format,
    output: Box<dyn Write + Send>,
) -> anyhow::Result<()> {
    let whole = match format {
        Format::Text => forecast_text(forecast),
        Format::Json => pretty(&forecast.json())?,
        Format::Markdown | Format::Html | Format::Jsonl | Format::Csv | Format::Parquet => {
            let formats = Format::ALL.into_iter();
            let summaries = formats.filter(|one| matches!(one, Format::Text | Format::Json));
            let names: Vec<&str> = summaries.map(Format::name).collect();
            anyhow::bail!("--what-if supports the formats {}", names.join(" and "));
        }
    };
    write_whole(&whole, output)
}

fn write_whole(whole: &str, mut output: Box<dyn Write + Send>) -> anyhow::Result<()> {
    output.write_all(whole.as_bytes())?;
    output.flush()?;
    Ok(())
}

/// Writes rows batch by batch, without time marks.
fn write_rows<R: Read>(
    mut reader: Reader<R>,
    filter: &Filter,
    rows: &mut dyn Rows,
) -> anyhow::Result<Ending> {
    while let Some(batch) = reader.next_rows().map_err(anyhow::Error::msg)? {
        let selected = select(&batch, filter, true).map_err(anyhow::Error::msg)?;
        if selected.num_rows() != 0 {
            rows.write(&selected)?;
        }
    }
    Ok(reader.ending().unwrap_or(Ending::Cut))
}

fn pretty(json: &serde_json::Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(json)? + "\n")
}
