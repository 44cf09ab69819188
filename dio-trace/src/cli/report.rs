//! `dio-trace report`.

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};

use crate::{
    cli::{Exit, Failure, FilterArguments, diagnostics::say, output},
    recording::{Ending, Reader, schema_markdown},
    report::{Export, Forecast, Summary, WhatIf, export, json, text, what_if_text},
    source::recording::open,
};

/// Say what a recording holds: who issued what, what became of it, why, and what to change
///
/// jsonl, csv and parquet hold a row for each row of the recording, under the same names:
/// captured requests one by one, others counted together, and losses (`count` is 0). The sum of
/// `count` is the exact number of direct requests. json is one object with totals.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    dio-trace report trace.dio\n  \
    dio-trace report trace.dio --verdict rejected --comm 'qemu-*'\n  \
    dio-trace report trace.dio --format jsonl | jq 'select(.verdict == \"rejected\")'\n  \
    dio-trace report trace.dio --format parquet -o trace.parquet\n  \
    dio-trace report trace.dio --what-if kernel=5.10,lbs=4096")]
pub(super) struct Arguments {
    /// Recording, or - for standard input
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    file: Option<PathBuf>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// File to write instead of standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Judge the recording anew for another kernel or disk: kernel=V (a version, or a rule set),
    /// lbs=N (logical block size, bytes), dma=N (dma alignment, bytes)
    #[arg(long, value_name = "kernel=V,lbs=N,dma=N")]
    what_if: Option<WhatIf>,
    /// Describe every column of a recording, and do nothing else
    #[arg(long)]
    schema: bool,
    #[command(flatten)]
    filters: FilterArguments,
}

/// Forms of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    Text,
    /// One summary object
    Json,
    /// One object a line
    Jsonl,
    /// Comma-separated values
    Csv,
    /// Apache Parquet
    Parquet,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let mut output = output::open(arguments.output.as_deref())?;
    if arguments.schema {
        output.write_all(schema_markdown().as_bytes())?;
        output.flush()?;
        return Ok(Exit::Good);
    }
    let file = arguments.file.unwrap_or_else(|| "-".into());
    let filter = arguments.filters.filter();
    let reader = reader(&file)?;
    if let Some(what_if) = arguments.what_if {
        let forecast = Forecast::of(reader, &filter, what_if).map_err(Failure::input)?;
        let whole = match arguments.format {
            Format::Text => what_if_text(&forecast),
            Format::Json => pretty(&forecast.json())?,
            _ => return Err(Failure::input("--what-if knows the formats text and json")),
        };
        output.write_all(whole.as_bytes())?;
        output.flush()?;
        return Ok(Exit::Good);
    }
    let ending = match arguments.format {
        Format::Jsonl => export(reader, &filter, Export::JsonLines, output)?,
        Format::Csv => export(reader, &filter, Export::Csv, output)?,
        Format::Parquet => {
            if arguments.output.is_none() && std::io::stdout().is_terminal() {
                return Err(Failure::input(
                    "parquet is not for a terminal: add -o OUT.parquet",
                ));
            }
            export(reader, &filter, Export::Parquet, output)?
        }
        Format::Text | Format::Json => {
            let summary = Summary::of(reader, &filter).map_err(Failure::input)?;
            let whole = if arguments.format == Format::Text {
                text(&summary, &filter, &file.display().to_string())
            } else {
                pretty(&json(&summary))?
            };
            output.write_all(whole.as_bytes())?;
            output.flush()?;
            // Both say themselves how the recording ends.
            Ending::Finished
        }
    };
    warn(ending, &file);
    Ok(Exit::Good)
}

fn pretty(json: &serde_json::Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(json)? + "\n")
}

/// Opens a recording.
pub(super) fn reader(file: &Path) -> Result<Reader<Box<dyn std::io::Read + Send>>, Failure> {
    Reader::new(open(file)?).map_err(|error| Failure::input(format!("{}: {error}", file.display())))
}

/// Says on standard error where a recording does not end well.
pub(super) fn warn(ending: Ending, file: &Path) {
    let file = file.display();
    match ending {
        Ending::Finished => {}
        Ending::Cut => say(&format!(
            "dio-trace: {file} ended early: its recorder was killed, or is still at work; all \
             whole batches were read"
        )),
        Ending::Damaged => say(&format!(
            "dio-trace: {file} is damaged: it was read up to the damage"
        )),
    }
}
