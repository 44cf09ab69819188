//! A report of a recording in any format.

use std::io::{Read, Write};

use crate::{
    filter::Filter,
    recording::{Ending, Reader, select},
    report::{
        content::page,
        csv::Csv,
        detail::Detail,
        format::{Content, Format},
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
    mut output: Box<dyn Write + Send>,
) -> anyhow::Result<Ending> {
    if shape.format.content() == Content::Summary {
        let summary = Summary::of_all(readers, filter).map_err(anyhow::Error::msg)?;
        let page = || page(&summary, filter, name, shape.detail);
        let whole = match shape.format {
            Format::Json => pretty(&json(&summary))?,
            Format::Markdown => page().markdown(),
            Format::Html => page().html(),
            _ => page().text(shape.look),
        };
        output.write_all(whole.as_bytes())?;
        output.flush()?;
        return Ok(summary.ending);
    }
    let mut readers = readers.into_iter();
    let first = readers.next().ok_or("there is no recording".to_owned());
    let first = first.flatten().map_err(anyhow::Error::msg)?;
    let schema = first.schema().clone();
    let mut rows: Box<dyn Rows> = match shape.format {
        Format::Csv => Box::new(Csv::new(&schema, output)?),
        Format::Parquet => Box::new(Parquet::new(&schema, output)?),
        _ => Box::new(JsonLines::new(output)),
    };
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
    mut output: Box<dyn Write + Send>,
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
