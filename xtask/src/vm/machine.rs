//! The command line of QEMU.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::{
    disk::{self, Driver},
    guest::Guest,
    ports::Port,
};
use crate::command;

/// Files that a machine needs.
pub(crate) struct Files<'a> {
    /// Directory for sockets and disks; removed with the guest.
    pub(crate) directory: &'a Path,
    /// Archive that the kernel unpacks as its first root.
    pub(crate) initramfs: &'a Path,
    /// File for console output; `None` for our terminal.
    pub(crate) console: Option<PathBuf>,
}

/// The command that runs `guest`. Creates its disks as sparse files.
///
/// # Errors
/// When QEMU is missing or a disk cannot be made.
pub(crate) fn qemu(guest: &Guest, files: &Files<'_>, ports: &[Port]) -> Result<Command> {
    let qemu = command::find("qemu-system-x86_64")
        .context("QEMU is missing: apt-get install qemu-system-x86")?;
    // Whatever ends this process also ends QEMU.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(qemu);
    command.args([
        "-machine",
        "q35",
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
        "-display",
        "none",
    ]);
    accelerate(&mut command, guest.icount);
    command.args(["-smp", &guest.cpus.to_string(), "-m", &guest.memory]);
    command
        .arg("-kernel")
        .arg(&guest.kernel.image)
        .arg("-initrd")
        .arg(files.initramfs);
    let words = format!(
        "console=ttyS0 panic=-1 no_timer_check loglevel=5 mitigations=off {}",
        guest.append
    );
    command.args(["-append", words.trim()]);
    command.args(["-device", "virtio-rng-pci"]);
    command.args([
        "-virtfs",
        "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap",
    ]);
    match &files.console {
        Some(log) => command
            .arg("-serial")
            .arg(format!("file:{}", log.display())),
        None => command.args(["-serial", "mon:stdio"]),
    };
    command.args(["-device", "virtio-serial-pci"]);
    for port in ports {
        let Port { name, path, .. } = port;
        command.args([
            "-chardev",
            &format!("socket,id={name},path={}", path.display()),
        ]);
        command.args([
            "-device",
            &format!("virtserialport,chardev={name},name={name}"),
        ]);
    }
    add_disks(&mut command, guest, files.directory)?;
    Ok(command)
}

fn accelerate(command: &mut Command, icount: bool) {
    if icount {
        command.args([
            "-accel",
            "tcg",
            "-cpu",
            "max",
            "-icount",
            "shift=0,sleep=off,align=off",
        ]);
    } else if kvm_works() {
        command.args(["-accel", "kvm", "-cpu", "host"]);
    } else {
        command.args(["-accel", "tcg,thread=multi", "-cpu", "max"]);
    }
}

/// Whether KVM works. `/dev/kvm` alone is not enough: nested machines may have one whose guests
/// never start.
fn kvm_works() -> bool {
    let module = ["kvm_intel", "kvm_amd"]
        .iter()
        .any(|name| Path::new("/sys/module").join(name).exists());
    module
        && File::options()
            .read(true)
            .write(true)
            .open("/dev/kvm")
            .is_ok()
}

fn add_disks(command: &mut Command, guest: &Guest, directory: &Path) -> Result<()> {
    if guest
        .disks
        .iter()
        .any(|disk| disk.driver == Driver::VirtioScsi)
    {
        command.args(["-device", "virtio-scsi-pci,id=scsi"]);
    }
    for (disk, name) in guest.disks.iter().zip(disk::names(&guest.disks)) {
        let path = directory.join(&name).with_extension("disk");
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        file.set_len(disk.size)
            .with_context(|| path.display().to_string())?;
        let drive = format!(
            "if=none,id={name},format=raw,cache=unsafe,discard=unmap,file={}",
            path.display()
        );
        let device = match disk.driver {
            Driver::Nvme => "nvme",
            Driver::VirtioBlk => "virtio-blk-pci",
            Driver::VirtioScsi => "scsi-hd,bus=scsi.0",
        };
        let block = disk.logical_block_size;
        let sizes = format!("logical_block_size={block},physical_block_size={block}");
        command.args([
            "-drive",
            &drive,
            "-device",
            &format!("{device},drive={name},serial={name},{sizes}"),
        ]);
    }
    Ok(())
}
