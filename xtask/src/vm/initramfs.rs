//! The guest's first root: busybox, the modules that the real root needs, and two scripts.

use std::{
    fs::{self, File},
    io::{BufWriter, Cursor, Write as _},
    path::Path,
};

use anyhow::{Context, Result};
use cpio::{NewcBuilder, newc::ModeFileType};

use super::modules;
use crate::setup::{self, Kernel};

/// Script that mounts the real root.
const FIRST: &str = include_str!("init.sh");
/// Script that prepares the real root and runs the command.
const SECOND: &str = include_str!("guest.sh");

/// Writes the archive that the kernel unpacks; `settings` is shell text that the second script
/// reads.
///
/// # Errors
/// When a module or busybox is missing, or the disk is full.
pub(crate) fn write(path: &Path, kernel: &Kernel, settings: &str) -> Result<()> {
    let busybox =
        setup::static_busybox().context("busybox is missing: apt-get install busybox-static")?;
    let mut entries = vec![
        entry("bin", ModeFileType::Directory, Vec::new()),
        entry("modules", ModeFileType::Directory, Vec::new()),
        entry("bin/busybox", ModeFileType::Regular, fs::read(busybox)?),
        entry("init", ModeFileType::Regular, FIRST.into()),
        entry("guest.sh", ModeFileType::Regular, SECOND.into()),
        entry("settings.sh", ModeFileType::Regular, settings.into()),
    ];
    for (position, module) in modules::needed(&kernel.modules)?.iter().enumerate() {
        let file = module
            .file_name()
            .context("a module without a name")?
            .to_string_lossy();
        let content = fs::read(module).with_context(|| module.display().to_string())?;
        // The shell sorts names, which gives the order of loading.
        entries.push(entry(
            &format!("modules/{position:02}-{file}"),
            ModeFileType::Regular,
            content,
        ));
    }
    let mut output = cpio::write_cpio(entries.into_iter(), BufWriter::new(File::create(path)?))?;
    output.flush().context("the initramfs cannot be written")
}

fn entry(name: &str, kind: ModeFileType, content: Vec<u8>) -> (NewcBuilder, Cursor<Vec<u8>>) {
    (
        NewcBuilder::new(name).mode(0o755).set_mode_file_type(kind),
        Cursor::new(content),
    )
}
