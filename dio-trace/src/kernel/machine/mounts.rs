//! The one reader of `/proc/self/mountinfo`: the filesystems that are mounted, as this process sees
//! them.
//!
//! Names may hold any byte. Blanks, tabs, line ends, backslashes and `#` are written as three octal
//! digits (`show_mountinfo`, `fs/proc_namespace.c`; 5.10 to 7.3), and are undone here. The procfs crate
//! is not used: it leaves the digits as they are, and gives no mount at all where one name is not
//! UTF-8 (0.18.0).

use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt, path::PathBuf};

use crate::model::DeviceNumber;

/// A mounted filesystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Number that files on it have as `st_dev`, but for those of btrfs subvolumes and the like.
    pub number: DeviceNumber,
    /// Directory of the filesystem that is mounted.
    pub root: PathBuf,
    /// Where it is mounted.
    pub point: PathBuf,
    /// Its type, such as `xfs`.
    pub filesystem: String,
    /// Its source: for many filesystems the path of a device.
    pub source: PathBuf,
}

/// All mounts, those over others after them. Empty where /proc is not mounted.
#[must_use]
pub fn mounts() -> Vec<Mount> {
    parse(&table()).collect()
}

/// The text that mounts are read from: it changes when one comes or goes.
pub(in crate::kernel) fn table() -> Vec<u8> {
    fs::read("/proc/self/mountinfo").unwrap_or_default()
}

/// The mounts of a table, without lines that are not understood.
pub(in crate::kernel) fn parse(table: &[u8]) -> impl Iterator<Item = Mount> {
    table.split(|&byte| byte == b'\n').filter_map(line)
}

/// One line of proc(5): `36 25 0:31 /@home /home rw,noatime shared:18 - btrfs /dev/sda2 rw`, with any
/// number of words like `shared:18`.
fn line(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|&byte| byte == b' ');
    let number = str::from_utf8(words.nth(2)?).ok()?.parse().ok()?;
    let (root, point) = (words.next()?, words.next()?);
    words.find(|&word| word == b"-")?;
    Some(Mount {
        number,
        root: path(root),
        point: path(point),
        filesystem: String::from_utf8_lossy(&undone(words.next()?)).into_owned(),
        source: path(words.next()?),
    })
}

fn path(escaped: &[u8]) -> PathBuf {
    OsString::from_vec(undone(escaped)).into()
}

/// A name without escapes.
fn undone(escaped: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((&byte, after)) = rest.split_first() {
        if let [
            b'\\',
            a @ b'0'..=b'3',
            b @ b'0'..=b'7',
            c @ b'0'..=b'7',
            after @ ..,
        ] = rest
        {
            name.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = after;
        } else {
            name.push(byte);
            rest = after;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    use proptest::prelude::*;

    use super::*;

    fn mount(line: &[u8]) -> Mount {
        let mounts: Vec<Mount> = parse(line).collect();
        assert_eq!(mounts.len(), 1, "{}", line.escape_ascii());
        mounts[0].clone()
    }

    fn name(bytes: &[u8]) -> PathBuf {
        OsStr::from_bytes(bytes).into()
    }

    #[test]
    fn a_line_is_understood_with_and_without_optional_words() {
        let expected = Mount {
            number: DeviceNumber {
                major: 0,
                minor: 31,
            },
            root: "/@home".into(),
            point: "/home".into(),
            filesystem: "btrfs".to_owned(),
            source: "/dev/sda2".into(),
        };
        for optional in ["", "shared:18 ", "shared:18 master:2 unbindable ", "new:- "] {
            let line = format!(
                "36 25 0:31 /@home /home rw,noatime {optional}- btrfs /dev/sda2 rw,subvol=/@home\n"
            );
            assert_eq!(mount(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn escapes_are_undone_in_every_field() {
        let line =
            br"36 25 0:31 /a\040b\134c /mnt\011tab\012end\134040 rw - fuse\043x /dev\040\377 rw";
        let found = mount(line);
        assert_eq!(found.root, name(b"/a b\\c"));
        // The kernel escapes a backslash too: what follows it is not an escape.
        assert_eq!(found.point, name(b"/mnt\ttab\nend\\040"));
        assert_eq!(found.filesystem, "fuse#x");
        assert_eq!(found.source, name(b"/dev \xff"));
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in [r"\", r"\0", r"\04", r"\400", r"\048", r"\x40", r"a\", r"\\"] {
            assert_eq!(undone(text.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn one_name_in_other_bytes_spoils_no_other_mount() {
        let table = b"36 25 8:1 / /mnt/\xff\xfe rw - xfs /dev/\xff rw\n\
                      37 25 8:2 / /data rw - xfs /dev/sda2 rw\n";
        let points: Vec<PathBuf> = parse(table).map(|mount| mount.point).collect();
        assert_eq!(points, [name(b"/mnt/\xff\xfe"), name(b"/data")]);
    }

    #[test]
    fn lines_that_are_cut_or_wrong_are_passed_over() {
        let good = b"37 25 8:2 / /data rw shared:1 - xfs /dev/sda2";
        for end in 0..good.len() - b" /dev/sda2".len() {
            assert_eq!(parse(&good[..end]).count(), 0, "{end}");
        }
        for wrong in [
            "a b c d e f - g h i",
            "1 2 8 / /a rw - xfs /dev/a rw",
            "- - - -",
        ] {
            assert_eq!(parse(wrong.as_bytes()).count(), 0, "{wrong}");
        }
        // Mounted from nothing: two blanks follow each other.
        let empty = mount(b"21 1 0:19 / /sys rw - sysfs  rw");
        assert_eq!(empty.source, PathBuf::new());
    }

    #[test]
    fn the_root_of_this_machine_is_mounted() {
        assert!(mounts().iter().any(|mount| mount.point == name(b"/")));
    }

    proptest! {
        #[test]
        fn what_the_kernel_escapes_is_undone(bytes: Vec<u8>) {
            let mut escaped = Vec::new();
            for &byte in &bytes {
                if b" \t\n\\#".contains(&byte) {
                    escaped.extend(format!("\\{byte:03o}").bytes());
                } else {
                    escaped.push(byte);
                }
            }
            prop_assert_eq!(undone(&escaped), bytes);
        }
    }
}
