//! `dio-trace report`: a recording as a summary, or its rows in another format.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
};

use clap::Args;

use crate::{
    cli::{Exit, Failure, FilterArguments, look, output, recordings},
    recording::schema_markdown,
    report::{Content, Detail, Forecast, Format, Look, Shape, WhatIf, write, write_forecast},
};

/// Report what a recording contains: who issued what, what became of it, why, and what to change
///
/// jsonl, csv and parquet have one row for each row of the recording, with the same column names:
/// captured requests one by one, other requests counted together, and losses (`count` is 0). The sum
/// of `count` is the exact number of direct requests. json is one object with totals and findings.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    dio-trace report trace.dio\n  \
    dio-trace report /var/log/dio/ --full\n  \
    dio-trace report trace.dio --format html -o ticket.html\n  \
    dio-trace report trace.dio --verdict rejected --comm 'qemu-*'\n  \
    dio-trace report trace.dio --format jsonl | jq 'select(.verdict == \"rejected\")'\n  \
    dio-trace report trace.dio --format parquet -o trace.parquet\n  \
    dio-trace report trace.dio --what-if kernel=5.10,lbs=4096")]
pub(super) struct Arguments {
    /// Recordings, directories of recordings, patterns such as 't.dio*', or - for standard input
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    files: Vec<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// File to write instead of standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Re-evaluate the recording as if it had run on another kernel or disk: kernel=V (a version or a
    /// rule set), lbs=N (logical block size, bytes), dma=N (dma alignment, bytes)
    #[arg(long, value_name = "kernel=V,lbs=N,dma=N")]
    what_if: Option<WhatIf>,
    /// Show every finding in full, with all processes and disks, however many there are
    #[arg(long)]
    full: bool,
    /// Name every file of each finding, not only the first few
    #[arg(long)]
    all_files: bool,
    /// Describe every column of a recording, and exit
    #[arg(long)]
    schema: bool,
    #[command(flatten)]
    filters: FilterArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let to_read = arguments.format == Format::Text && arguments.output.is_none();
    let mut output = match to_read || arguments.schema {
        true if arguments.output.is_none() => look::output()?,
        _ => output::open(arguments.output.as_deref())?,
    };
    if arguments.schema {
        output.write_all(schema_markdown().as_bytes())?;
        output.flush()?;
        return Ok(Exit::Good);
    }
    let filter = arguments.filters.filter();
    let files = recordings::files(&arguments.files)?;
    let readers = recordings::readers(&files);
    let title = recordings::title(&arguments.files);
    let format = arguments.format;
    if let Some(what_if) = arguments.what_if {
        let forecast = Forecast::of_all(readers, &filter, what_if).map_err(Failure::input)?;
        write_forecast(&forecast, format, output)?;
        return Ok(Exit::Good);
    }
    if format.is_binary() && arguments.output.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::input(format!(
            "{format} is binary and standard output is a terminal: add -o OUT.{format}"
        )));
    }
    let shape = Shape {
        format,
        detail: Detail {
            full: arguments.full,
            all_files: arguments.all_files,
        },
        look: if to_read {
            look::look()
        } else {
            Look::default()
        },
    };
    let ending = write(readers, &filter, shape, &title, output)?;
    match format.content() {
        // It says so itself.
        Content::Summary => {}
        Content::Rows => recordings::warn(ending, &title),
    }
    Ok(Exit::Good)
}
