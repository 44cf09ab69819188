//! Gives the probes the devices of mounted btrfs filesystems, where the kernel's BTF does not say
//! how to find them.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use aya::maps::{HashMap, MapData};
use dio_trace_ebpf::{abi::file::FilesystemDevice, filesystems::BTRFS};

use crate::{
    kernel::{
        capture::plain::Plain,
        machine::{block::block_device, mounts},
    },
    model::DeviceNumber,
};

/// The table that the probes read, and the mounts that it was filled from.
pub(in crate::kernel) struct FilesystemDevices {
    table: HashMap<MapData, u32, Plain<FilesystemDevice>>,
    mounts: Vec<u8>,
}

impl FilesystemDevices {
    /// Fills the table.
    pub(in crate::kernel) fn new(table: HashMap<MapData, u32, Plain<FilesystemDevice>>) -> Self {
        let mut devices = Self {
            table,
            mounts: Vec::new(),
        };
        devices.refresh();
        devices
    }

    /// Fills it again if something was mounted since. A filesystem that finds no place in it stays
    /// one without a known device, as does one that cannot be looked up.
    pub(in crate::kernel) fn refresh(&mut self) {
        let mounts = mounts::table();
        if mounts == self.mounts {
            return;
        }
        for (filesystem, source) in btrfs_in(&mounts) {
            if let Some(device) = device_at(&source) {
                let _ = self.table.insert(filesystem.to_kernel(), Plain(device), 0);
            }
        }
        self.mounts = mounts;
    }
}

fn device_at(path: &Path) -> Option<FilesystemDevice> {
    let number = DeviceNumber::from_stat(fs::metadata(path).ok()?.rdev());
    let device = block_device(number)?;
    let mut disk_name = [0; 32];
    for (byte, letter) in disk_name.iter_mut().zip(device.disk.bytes().take(31)) {
        *byte = letter;
    }
    Some(FilesystemDevice {
        limits: device.limits,
        disk: number.to_kernel(),
        disk_name,
    })
}

/// Number and source of each mounted btrfs.
fn btrfs_in(table: &[u8]) -> impl Iterator<Item = (DeviceNumber, PathBuf)> {
    let btrfs = mounts::parse(table).filter(|mount| BTRFS.types.contains(&&*mount.filesystem));
    btrfs.map(|mount| (mount.number, mount.source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_btrfs_counts_wherever_it_is_mounted() {
        let table = b"21 1 0:19 / /sys rw,nosuid - sysfs sysfs rw\n\
                      36 35 0:45 /sub /mnt/a\\040b rw,noatime shared:1 - btrfs /dev/my\\040disk rw\n\
                      37 35 8:1 / /data\xff rw - xfs /dev/sda1 rw\n\
                      bad line - btrfs\n";
        let found: Vec<_> = btrfs_in(table).collect();
        let number = DeviceNumber {
            major: 0,
            minor: 45,
        };
        assert_eq!(found, [(number, PathBuf::from("/dev/my disk"))]);
    }
}
