//! A report of a recording in any format.

use std::io::{Read, Write};

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
/// the recording's, for people. Returns the ending of the recording; a summary says it, too.
///
/// # Errors
/// Where the recording cannot be read, or the output cannot be written.
pub fn write<R: Read>(
    reader: Reader<R>,
    filter: &Filter,
    shape: Shape,
    name: &str,
    mut output: Box<dyn Write + Send>,
) -> anyhow::Result<Ending> {
    let rows: Box<dyn Rows> = match shape.format {
        Format::Text | Format::Markdown | Format::Html | Format::Json => {
            let summary = Summary::of(reader, filter).map_err(anyhow::Error::msg)?;
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
        Format::Jsonl => Box::new(JsonLines::new(output)),
        Format::Csv => Box::new(Csv::new(reader.schema(), output)?),
        Format::Parquet => Box::new(Parquet::new(reader.schema(), output)?),
    };
    write_rows(reader, filter, rows)
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
    mut rows: Box<dyn Rows>,
) -> anyhow::Result<Ending> {
    while let Some(batch) = reader.next_rows().map_err(anyhow::Error::msg)? {
        let selected = select(&batch, filter, true).map_err(anyhow::Error::msg)?;
        if selected.num_rows() != 0 {
            rows.write(&selected)?;
        }
    }
    rows.finish()?;
    Ok(reader.ending().unwrap_or(Ending::Cut))
}

fn pretty(json: &serde_json::Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(json)? + "\n")
}
