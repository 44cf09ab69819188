//! `dio-trace inspect`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    cli::{Exit, Failure, output},
    inspect::{Inspection, text},
};

/// Say what a file, directory or device asks of direct I/O, and who says so
///
/// Looks at statx (`STATX_DIOALIGN`), at the limits of the device and of those it is stacked on, at
/// the filesystem's block size and at this kernel's rules; says where they disagree, and what to
/// use in code. Needs no rights beyond access to the path.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    dio-trace inspect /var/lib/mysql/ibdata1 /dev/nvme0n1\n  \
    dio-trace inspect --probe /data/file")]
pub(super) struct Arguments {
    /// Files, directories or devices
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Find out by real, direct reads as well; nothing is written
    #[arg(long)]
    probe: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    Text,
    /// A list of objects
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let inspections = arguments
        .paths
        .iter()
        .map(|path| Inspection::of(path, arguments.probe))
        .collect::<Result<Vec<_>, _>>()?;
    let mut output = output::open(None)?;
    match arguments.format {
        Format::Text => {
            let texts: Vec<String> = inspections.iter().map(text).collect();
            output.write_all(texts.join("\n").as_bytes())?;
        }
        Format::Json => {
            let json = serde_json::to_string_pretty(&inspections).map_err(anyhow::Error::from)?;
            writeln!(output, "{json}")?;
        }
    }
    output.flush()?;
    Ok(Exit::Good)
}
