//! Finds the modules that a guest needs before it has its root, with their dependencies, in loading
//! order.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::command;

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

/// Paths of the wanted modules and their dependencies, without those that are built in. `directory`
/// is the kernel's `lib/modules/RELEASE`.
///
/// # Errors
/// When one of them is neither a module of this kernel nor built in.
pub(crate) fn needed(directory: &Path) -> Result<Vec<PathBuf>> {
    let release = directory
        .file_name()
        .context("a kernel without a release")?;
    let root = directory
        .ancestors()
        .nth(3)
        .context("modules of no kernel")?;
    let modprobe =
        command::find("modprobe").context("modprobe is missing: apt-get install kmod")?;
    let mut asked = Command::new(modprobe);
    // This machine's own configuration must not have a say.
    asked
        .args(["-C", "/dev/null", "-d"])
        .arg(root)
        .arg("-S")
        .arg(release);
    asked.args(["--show-depends", "--all"]).args(WANTED);
    let listed = command::output(&mut asked);
    in_order(&listed.context("a guest cannot boot with this kernel")?)
}

/// The modules in lines such as `insmod PATH` and `builtin NAME`, each once, where it is needed first.
fn in_order(listed: &str) -> Result<Vec<PathBuf>> {
    let mut seen = HashSet::new();
    let mut paths = Vec::new();
    for line in listed.lines().map(str::trim_end) {
        match line.split_once(' ') {
            Some(("insmod", path)) if seen.insert(path) => paths.push(path.into()),
            Some(("insmod" | "builtin", _)) => {}
            _ => bail!("modprobe --show-depends says {line:?}"),
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_module_is_loaded_once_after_those_it_needs() {
        let listed = "builtin virtio_pci\n\
                      insmod /a b/netfs.ko \n\
                      insmod /a b/9p.ko \n\
                      insmod /a b/netfs.ko \n\
                      insmod /a b/fuse.ko \n";
        let paths = in_order(listed).unwrap();
        let expected = ["/a b/netfs.ko", "/a b/9p.ko", "/a b/fuse.ko"].map(PathBuf::from);
        assert_eq!(paths, expected);
        assert!(in_order("install /bin/true").is_err());
    }
}
