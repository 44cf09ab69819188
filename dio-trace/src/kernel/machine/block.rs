//! Block devices as sysfs shows them.
//!
//! No well-kept crate reads the limits of `queue/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::model::{Device, DeviceNumber, LimitSource, Limits};

/// The block layer's default where a driver sets nothing (`block/blk-settings.c`): assumed on kernels
/// whose sysfs does not show the value (before 6.0).
const DEFAULT_DMA_ALIGNMENT: u32 = 511;

/// Every block device that has a size, with its limits, by name.
#[must_use]
pub fn block_devices() -> Vec<Device> {
    let Ok(entries) = fs::read_dir("/sys/class/block") else {
        return Vec::new();
    };
    let mut devices: Vec<Device> = entries
        .flatten()
        .filter(|entry| number(&entry.path(), "size").is_some_and(|sectors| sectors != 0))
        .filter_map(|entry| device(&entry.path()))
        .collect();
    devices.sort_by(|a, b| a.disk.cmp(&b.disk));
    devices
}

/// Whether a disk of this machine offers its memory to filesystems (DAX).
pub(in crate::kernel) fn has_dax() -> bool {
    let Ok(disks) = fs::read_dir("/sys/block") else {
        return false;
    };
    disks
        .flatten()
        .any(|disk| number(&disk.path().join("queue"), "dax") == Some(1))
}

/// A device by number.
#[must_use]
pub fn block_device(number: DeviceNumber) -> Option<Device> {
    device(&fs::canonicalize(format!("/sys/dev/block/{number}")).ok()?)
}

/// A device by name.
#[must_use]
pub fn block_device_named(disk: &str) -> Option<Device> {
    device(&Path::new("/sys/class/block").join(disk))
}

fn device(directory: &Path) -> Option<Device> {
    let directory = fs::canonicalize(directory).ok()?;
    let queue = queue(&directory)?;
    let limit = |name| number(&queue, name);
    Some(Device {
        disk: directory.file_name()?.to_string_lossy().replace('!', "/"),
        device: text(&directory, "dev")?,
        limits: Limits {
            logical_block_size: limit("logical_block_size")?,
            physical_block_size: limit("physical_block_size")?,
            dma_alignment: limit("dma_alignment").unwrap_or(DEFAULT_DMA_ALIGNMENT),
            virt_boundary_mask: limit("virt_boundary_mask").unwrap_or(0),
            filesystem_block_size: 0,
        },
        source: LimitSource::Sysfs,
        members: members(&directory),
    })
}

/// The directory with the limits: a partition shares that of its disk.
fn queue(directory: &Path) -> Option<PathBuf> {
    let own = directory.join("queue");
    if own.is_dir() {
        return Some(own);
    }
    let parent = directory.parent()?.join("queue");
    parent.is_dir().then_some(parent)
}

/// Devices it is stacked on, and the disk of a partition.
fn members(directory: &Path) -> Vec<String> {
    let mut members: Vec<String> = fs::read_dir(directory.join("slaves"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    members.sort();
    members
}

fn text(directory: &Path, name: &str) -> Option<String> {
    fs::read_to_string(directory.join(name))
        .ok()
        .map(|text| text.trim().to_owned())
}

/// A number; the virtual boundary of a device may have more than 32 bits, which no request here
/// reaches.
fn number(directory: &Path, name: &str) -> Option<u32> {
    let value: u64 = text(directory, name)?.parse().ok()?;
    Some(u32::try_from(value).unwrap_or(u32::MAX))
}
