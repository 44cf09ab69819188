//! Control groups by id.

use std::{
    fs,
    os::unix::fs::{DirEntryExt, MetadataExt},
    path::Path,
    sync::Arc,
};

use crate::hash::Map;

/// Where cgroup v2 is mounted, on unified and on hybrid systems.
const MOUNTS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
/// Groups remembered; more than any host has at a time.
const CAPACITY: usize = 16_384;
/// Levels below the mount that are looked at.
const DEPTH: usize = 12;

/// Paths of control groups. The id that eBPF gives is the inode number of the group's directory
/// (`cgroup_id`, kernel/cgroup).
#[derive(Debug, Default)]
pub(in crate::kernel) struct Cgroups {
    paths: Map<u64, Option<Arc<str>>>,
}

impl Cgroups {
    /// Path of a group below the mount, as `/system.slice/mariadb.service`; `None` where it is gone
    /// or not visible.
    pub(in crate::kernel) fn path(&mut self, id: u64) -> Option<Arc<str>> {
        if let Some(known) = self.paths.get(&id) {
            return known.clone();
        }
        if self.paths.len() >= CAPACITY {
            self.paths.clear();
        }
        for mount in MOUNTS {
            self.walk(Path::new(mount), Path::new("/"), 0);
        }
        self.paths.entry(id).or_insert(None).clone()
    }

    /// Learns every group below a directory.
    fn walk(&mut self, directory: &Path, path: &Path, depth: usize) {
        if let Ok(metadata) = fs::metadata(directory) {
            let text: Arc<str> = path.to_string_lossy().into();
            self.paths.insert(metadata.ino(), Some(text));
        }
        let Ok(entries) = fs::read_dir(directory) else {
            return;
        };
        for entry in entries.flatten() {
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && depth < DEPTH && self.paths.len() < CAPACITY {
                let path = path.join(entry.file_name());
                self.paths
                    .insert(entry.ino(), Some(path.to_string_lossy().into()));
                self.walk(&entry.path(), &path, depth + 1);
            }
        }
    }
}
