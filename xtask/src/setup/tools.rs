//! Programs for booting guests, and those that guests use from this machine's root.

use std::{fs, path::PathBuf};

use anyhow::{Result, bail};

use super::install;
use crate::command;

/// Programs, each with the Debian package that contains it.
const TOOLS: [(&str, &str); 22] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("qemu-io", "qemu-utils"),
    ("modprobe", "kmod"),
    ("xz", "xz-utils"),
    ("setpriv", "util-linux"),
    ("losetup", "mount"),
    ("lsblk", "util-linux"),
    ("fio", "fio"),
    ("strace", "strace"),
    ("mkfs.xfs", "xfsprogs"),
    ("xfs_io", "xfsprogs"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mkfs.btrfs", "btrfs-progs"),
    ("mkfs.f2fs", "f2fs-tools"),
    ("mkfs.vfat", "dosfstools"),
    ("bindfs", "bindfs"),
    ("cryptsetup", "cryptsetup-bin"),
    ("dmsetup", "dmsetup"),
    ("mdadm", "mdadm"),
    ("python3", "python3-minimal"),
    ("bash", "bash"),
    ("ip", "iproute2"),
];

/// Installs what is missing.
///
/// # Errors
/// When something is missing and may not be installed here.
pub(crate) fn find_or_install() -> Result<()> {
    // Twice, because apt may remove a package of another QEMU version in order to install ours.
    for _ in 0..2 {
        let missing = missing();
        if missing.is_empty() {
            return Ok(());
        }
        install::install(&missing)?;
    }
    match missing().as_slice() {
        [] => Ok(()),
        missing => bail!(
            "still missing after installing their packages: {}",
            missing.join(" ")
        ),
    }
}

/// Installs bpftrace, which only the comparison needs.
///
/// # Errors
/// When it is missing and may not be installed here.
pub(crate) fn bpftrace() -> Result<()> {
    if command::find("bpftrace").is_some() {
        return Ok(());
    }
    install::install(&["bpftrace"])
}

/// Packages whose programs are not installed.
pub(crate) fn missing() -> Vec<&'static str> {
    let mut missing: Vec<&str> = TOOLS
        .iter()
        .filter(|(program, _)| command::find(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if static_busybox().is_none() {
        missing.push("busybox-static");
    }
    missing.dedup();
    missing
}

/// A busybox that runs without libraries; the one called `busybox` may be linked dynamically.
pub(crate) fn static_busybox() -> Option<PathBuf> {
    let path = command::find("busybox")?;
    let program = fs::read(&path).ok()?;
    let loader = b"/ld-linux";
    (!program.windows(loader.len()).any(|window| window == loader)).then_some(path)
}
