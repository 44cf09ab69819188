//! Finds the modules that a guest needs before it has its root, with their dependencies, in loading
//! order.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Modules for the root filesystem, ports and disks.
const WANTED: [&str; 9] = [
    "virtio_pci",
    "virtio_console",
    "9pnet_virtio",
    "9p",
    "overlay",
    "nvme",
    "virtio_blk",
    "virtio_scsi",
    "sd_mod",
];

/// Paths of the wanted modules and their dependencies, without those that are built in.
///
/// # Errors
/// When one of them is neither a module of this kernel nor built in.
pub(crate) fn needed(directory: &Path) -> Result<Vec<PathBuf>> {
    let read = |name: &str| {
        let path = directory.join(name);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let (dependencies, built_in) = (read("modules.dep")?, read("modules.builtin")?);
    let built_in: HashSet<String> = built_in.lines().map(module_name).collect();
    let lines: HashMap<String, (&str, &str)> = dependencies
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(path, needs)| (module_name(path), (path, needs)))
        .collect();
    let mut ordered: Vec<&str> = Vec::new();
    for wanted in WANTED {
        match lines.get(wanted) {
            // depmod lists each dependency before those that it needs itself.
            Some((path, needs)) => ordered.extend(needs.split_whitespace().rev().chain([*path])),
            None if built_in.contains(wanted) => {}
            None => bail!("this kernel has no {wanted}, so a guest cannot boot with it"),
        }
    }
    let mut seen = HashSet::new();
    Ok(ordered
        .into_iter()
        .filter(|path| seen.insert(*path))
        .map(|path| directory.join(path))
        .collect())
}

/// The name of a module: `9p` for `kernel/fs/9p/9p.ko.xz`, with `_` for `-`.
fn module_name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split(".ko").next().unwrap_or(file).replace('-', "_")
}
