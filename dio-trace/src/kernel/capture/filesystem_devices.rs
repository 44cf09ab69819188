//! Tells the probes the devices of mounted btrfs filesystems, where the kernel's BTF does not say
//! how to find them.

use std::{fs, os::unix::fs::MetadataExt};

use aya::maps::{HashMap, MapData};
use dio_trace_ebpf::abi::file::FilesystemDevice;

use crate::{
    kernel::{capture::plain::Plain, machine::block::block_device},
    model::DeviceNumber,
};

/// The table that the probes read, and what it was filled from.
pub(in crate::kernel) struct FilesystemDevices {
    table: HashMap<MapData, u32, Plain<FilesystemDevice>>,
    mounts: String,
}

impl FilesystemDevices {
    /// Fills the table.
    pub(in crate::kernel) fn tell(table: HashMap<MapData, u32, Plain<FilesystemDevice>>) -> Self {
        let mut devices = Self {
            table,
            mounts: String::new(),
        };
        devices.refresh();
        devices
    }

    /// Fills it anew if something was mounted since. A filesystem that finds no place in it stays
    /// one without a known device, as does one that cannot be looked up.
    pub(in crate::kernel) fn refresh(&mut self) {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        if mounts == self.mounts {
            return;
        }
        for (filesystem, source) in btrfs_in(&mounts) {
            if let Some(device) = device_at(source) {
                let _ = self.table.insert(filesystem.to_kernel(), Plain(device), 0);
            }
        }
        self.mounts = mounts;
    }
}

fn device_at(path: &str) -> Option<FilesystemDevice> {
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

/// Number and source of each mounted btrfs; see proc(5) for the lines.
fn btrfs_in(mounts: &str) -> impl Iterator<Item = (DeviceNumber, &str)> {
    mounts.lines().filter_map(|line| {
        let (mount, filesystem) = line.split_once(" - ")?;
        let (major, minor) = mount.split(' ').nth(2)?.split_once(':')?;
        let mut words = filesystem.split(' ');
        (words.next()? == "btrfs").then_some(())?;
        let number = DeviceNumber {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        };
        Some((number, words.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_btrfs_is_told() {
        let mounts = "21 1 0:19 / /sys rw,nosuid - sysfs sysfs rw\n\
                      36 35 0:45 /sub /mnt rw,noatime shared:1 - btrfs /dev/vdb rw,ssd\n\
                      37 35 8:1 / /data rw - xfs /dev/sda1 rw\n\
                      bad line - btrfs\n";
        let found: Vec<_> = btrfs_in(mounts).collect();
        let number = DeviceNumber {
            major: 0,
            minor: 45,
        };
        assert_eq!(found, [(number, "/dev/vdb")]);
    }
}
