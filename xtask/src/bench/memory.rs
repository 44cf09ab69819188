//! Memory of a process, and of the maps and programs that it holds in the kernel.
//!
//! Two files of /proc, for which procfs would be three more crates.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

const MEBIBYTE: f64 = (1 << 20) as f64;

/// Resident memory, MiB.
///
/// # Errors
/// When the process has ended.
pub(super) fn resident(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).context(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(number.context("no VmRSS")? * 1024.0 / MEBIBYTE)
}

/// Kernel memory of the maps and programs whose descriptors the process has open, MiB.
///
/// # Errors
/// When the process has ended.
pub(super) fn in_kernel(pid: u32) -> Result<f64> {
    let directory = PathBuf::from(format!("/proc/{pid}/fdinfo"));
    let mut bytes = 0.0;
    let mut seen = Vec::new();
    for entry in fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
        let text = fs::read_to_string(entry?.path()).unwrap_or_default();
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok())
        };
        // Several descriptors may refer to one object.
        let key = (field("map_id:"), field("prog_id:"));
        if let Some(locked) = field("memlock:")
            && !seen.contains(&key)
        {
            seen.push(key);
            bytes += locked;
        }
    }
    Ok(bytes / MEBIBYTE)
}
