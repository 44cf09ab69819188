//! The filesystem that a path is on.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::Path,
};

use crate::{
    kernel::{Mount, mounts},
    model::DeviceNumber,
};

/// A path's filesystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mounted {
    /// Its type, such as `xfs`.
    pub(super) filesystem: String,
    /// Its block device; `None` where it has none or several.
    pub(super) device: Option<DeviceNumber>,
}

/// The filesystem that a path is on; `None` where /proc does not list it.
pub(super) fn of(path: &Path, metadata: &Metadata) -> Option<Mounted> {
    let path = fs::canonicalize(path).ok()?;
    let number = DeviceNumber::from_stat(metadata.dev());
    let mounts = mounts();
    let mount = find(&mounts, &path, number)?;
    Some(Mounted {
        filesystem: mount.filesystem.clone(),
        device: match number.major {
            0 => device_at(&mount.source),
            _ => Some(number),
        },
    })
}

/// The mount of a path without symbolic links, on which files have this number. Of several mounts of
/// one filesystem any will do. Files of btrfs and others have numbers that no mount has: there the
/// longest mount point decides, and its source names the device.
fn find<'a>(mounts: &'a [Mount], path: &Path, number: DeviceNumber) -> Option<&'a Mount> {
    let by_number = mounts.iter().rev().find(|mount| mount.number == number);
    by_number.or_else(|| {
        let above = mounts.iter().filter(|mount| path.starts_with(&mount.point));
        above.max_by_key(|mount| mount.point.as_os_str().len())
    })
}

/// The block device at a path, where there is one.
fn device_at(path: &Path) -> Option<DeviceNumber> {
    let number = DeviceNumber::from_stat(fs::metadata(path).ok()?.rdev());
    (number != DeviceNumber::default()).then_some(number)
}

/// Block size of the filesystem, bytes.
pub(super) fn block_size(path: &Path) -> Option<u32> {
    u32::try_from(rustix::fs::statfs(path).ok()?.f_bsize).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(major: u32, minor: u32) -> DeviceNumber {
        DeviceNumber { major, minor }
    }

    fn mount(number: DeviceNumber, point: &str, filesystem: &str) -> Mount {
        Mount {
            number,
            root: "/".into(),
            point: point.into(),
            filesystem: filesystem.to_owned(),
            source: "/dev/none".into(),
        }
    }

    #[test]
    fn a_number_decides_and_else_the_longest_mount_point_above() {
        let mounts = [
            mount(number(8, 1), "/", "ext4"),
            mount(number(0, 31), "/mnt/a b", "btrfs"),
            mount(number(0, 32), "/mnt/a", "nfs4"),
            mount(number(8, 2), "/srv", "xfs"),
            mount(number(8, 3), "/srv", "f2fs"),
        ];
        let found = |path: &str, number| {
            let mount = find(&mounts, Path::new(path), number)?;
            Some(mount.filesystem.as_str())
        };
        let unknown = number(0, 99);
        assert_eq!(found("/mnt/a b/file", unknown), Some("btrfs"));
        assert_eq!(found("/mnt/a b", unknown), Some("btrfs"));
        assert_eq!(found("/mnt/a bc", unknown), Some("ext4"), "another name");
        assert_eq!(found("/srv/file", unknown), Some("f2fs"), "over the other");
        assert_eq!(found("/mnt/a b/file", number(8, 2)), Some("xfs"));
        assert_eq!(find(&mounts[1..], Path::new("/"), unknown), None);
    }

    #[test]
    fn this_file_is_on_some_filesystem() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mounted = of(path, &fs::metadata(path).unwrap()).unwrap();
        assert!(!mounted.filesystem.is_empty());
        assert!(block_size(path).unwrap() > 0);
        assert_eq!(device_at(path), None, "a directory");
    }
}
