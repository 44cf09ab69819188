//! Programs for booting guests, and those that guests use from this machine's root.

use std::{fs, path::PathBuf};

use anyhow::{Result, bail};
use object::{
    Endianness,
    elf::{FileHeader64, PT_INTERP},
    read::elf::{FileHeader, ProgramHeader},
};

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
    needs_no_loader(&program).ok()?.then_some(path)
}

/// Whether a program names no loader for its libraries.
fn needs_no_loader(program: &[u8]) -> object::Result<bool> {
    let header = FileHeader64::<Endianness>::parse(program)?;
    let endian = header.endian()?;
    let parts = header.program_headers(endian, program)?;
    Ok(parts.iter().all(|part| part.p_type(endian) != PT_INTERP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_a_loader_is_not_static() {
        let this = fs::read("/proc/self/exe").unwrap();
        assert!(!needs_no_loader(&this).unwrap());
        let mut without = this;
        // e_phnum: no program headers.
        without[56..58].fill(0);
        assert!(needs_no_loader(&without).unwrap());
        assert!(needs_no_loader(b"#!/bin/sh /lib64/ld-linux-x86-64.so.2").is_err());
    }
}
