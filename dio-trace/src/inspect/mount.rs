//! The filesystem that a path is on.

use std::{
    ffi::CString,
    fs::{self, Metadata},
    mem::MaybeUninit,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
};

use crate::model::DeviceNumber;

/// A mounted filesystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// Its type, as `xfs`.
    pub(super) filesystem: String,
    /// Its block device; `None` where it has none or several.
    pub(super) device: Option<DeviceNumber>,
}

/// The mount of a path.
pub(super) fn of(path: &Path, metadata: &Metadata) -> Option<Mount> {
    let path = fs::canonicalize(path).ok()?;
    let table = fs::read_to_string("/proc/self/mountinfo").ok()?;
    find(&table, &path.to_string_lossy(), metadata)
}

/// Looks in a mountinfo table (proc(5)): the device number must agree; of several mounts of one
/// filesystem any will do. btrfs and others show numbers of no device: there the longest mount
/// point decides, and its source names the device.
fn find(table: &str, path: &str, metadata: &Metadata) -> Option<Mount> {
    let number = DeviceNumber::from_stat(metadata.dev());
    let entries: Vec<Entry<'_>> = table.lines().filter_map(Entry::parse).collect();
    let by_number = entries
        .iter()
        .rev()
        .find(|entry| entry.number == Some(number));
    let by_path = || {
        let above = entries.iter().filter(|entry| {
            let point = entry.point.trim_end_matches('/');
            path.strip_prefix(point)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        above.max_by_key(|entry| entry.point.len())
    };
    let entry = by_number.or_else(by_path)?;
    let source = || {
        let metadata = fs::metadata(entry.source).ok()?;
        Some(DeviceNumber::from_stat(metadata.rdev())).filter(|one| *one != DeviceNumber::default())
    };
    Some(Mount {
        filesystem: entry.filesystem.to_owned(),
        device: if number.major == 0 {
            source()
        } else {
            Some(number)
        },
    })
}

struct Entry<'a> {
    number: Option<DeviceNumber>,
    point: &'a str,
    filesystem: &'a str,
    source: &'a str,
}

impl<'a> Entry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ');
        let mut right = right.split(' ');
        Some(Self {
            number: left.nth(2)?.parse().ok(),
            point: left.nth(1)?,
            filesystem: right.next()?,
            source: right.next()?,
        })
    }
}

/// Block size of the filesystem, bytes.
pub(super) fn block_size(path: &Path) -> Option<u32> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut answer = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the path is NUL-terminated, and the call fills `answer` where it succeeds.
    let answer = unsafe {
        if libc::statfs(path.as_ptr(), answer.as_mut_ptr()) != 0 {
            return None;
        }
        answer.assume_init()
    };
    u32::try_from(answer.f_bsize).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_line_is_understood() {
        let line = "36 25 0:31 /@home /home rw,noatime shared:18 - btrfs /dev/sda2 rw,subvol=/@";
        let entry = Entry::parse(line).unwrap();
        assert_eq!(
            entry.number,
            Some(DeviceNumber {
                major: 0,
                minor: 31
            })
        );
        assert_eq!(
            (entry.point, entry.filesystem, entry.source),
            ("/home", "btrfs", "/dev/sda2")
        );
    }
}
