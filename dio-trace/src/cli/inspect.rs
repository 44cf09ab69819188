//! `dio-trace inspect`: what a file, directory or device requires of direct I/O.

use std::path::PathBuf;

use clap::Args;

use crate::{
    cli::{Exit, Failure, format::Format},
    inspect::{Inspection, text},
};

/// Show what a file, directory or device requires of direct I/O, and who says so
///
/// Combines statx (`STATX_DIOALIGN`), the limits of the device and of the devices below it, the
/// filesystem's block size and this kernel's rules. Shows where they disagree, and which alignment to
/// use in code. Needs no rights beyond access to the path.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    dio-trace inspect /var/lib/mysql/ibdata1 /dev/nvme0n1\n  \
    dio-trace inspect --probe /data/file")]
pub(super) struct Arguments {
    /// Files, directories or devices
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Also try real direct reads; nothing is written
    #[arg(long)]
    probe: bool,
    /// Output format; json is a list with one object per path
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let inspections = arguments
        .paths
        .iter()
        .map(|path| Inspection::of(path, arguments.probe))
        .collect::<Result<Vec<_>, _>>()?;
    let texts = |inspections: &[Inspection]| {
        let texts: Vec<String> = inspections.iter().map(text).collect();
        texts.join("\n")
    };
    arguments.format.print(&inspections[..], texts)?;
    Ok(Exit::Good)
}
