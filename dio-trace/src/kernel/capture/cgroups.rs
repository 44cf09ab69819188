//! Control groups by id.

use std::{
    fs::{self, File},
    io,
    os::{
        fd::{AsFd, AsRawFd},
        unix::fs::{DirEntryExt, MetadataExt},
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    hash::Map,
    kernel::{
        machine::mounts::{Mount, mounts},
        sys::handle::open_by_id,
    },
};

/// Number of groups remembered: more than any host has at a time.
const CAPACITY: usize = 16_384;
/// Number of levels below the mount that are searched.
const DEPTH: usize = 12;

/// Paths of control groups. The id that eBPF gives is the inode number of the group's directory
/// (`cgroup_id`, kernel/cgroup).
#[derive(Debug, Default)]
pub(in crate::kernel) struct Cgroups {
    paths: Map<u64, Option<Arc<str>>>,
    hierarchy: Option<Hierarchy>,
}

impl Cgroups {
    /// Path of a group below the mount, such as `/system.slice/mariadb.service`; `None` where it is
    /// gone or not visible.
    pub(in crate::kernel) fn path(&mut self, id: u64) -> Option<Arc<str>> {
        if let Some(known) = self.paths.get(&id) {
            return known.clone();
        }
        if self.paths.len() >= CAPACITY {
            self.paths.clear();
        }
        let hierarchy = self.hierarchy.get_or_insert_with(Hierarchy::mounted);
        match hierarchy.path(id) {
            Ok(path) => {
                self.paths.insert(id, Some(text(&path)));
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                hierarchy.walk(&mut self.paths);
            }
            Err(_) => {}
        }
        self.paths.entry(id).or_insert(None).clone()
    }
}

/// cgroup v2, as it is mounted.
#[derive(Debug, Default)]
struct Hierarchy {
    point: PathBuf,
    /// `None` where it is not mounted, or may not be read.
    directory: Option<File>,
}

impl Hierarchy {
    fn mounted() -> Self {
        let mut point = point(&mounts()).unwrap_or_default();
        // As links to open files have it.
        point = fs::canonicalize(&point).unwrap_or(point);
        Self {
            directory: File::open(&point).ok(),
            point,
        }
    }

    /// Path below the mount.
    fn path(&self, id: u64) -> io::Result<PathBuf> {
        let directory = self.directory.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let group = open_by_id(directory.as_fd(), id)?;
        let path = fs::read_link(format!("/proc/self/fd/{}", group.as_raw_fd()))?;
        let below = path.strip_prefix(&self.point);
        let below = below.map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Path::new("/").join(below))
    }

    /// Learns every group. Looking one up by id takes `CAP_DAC_READ_SEARCH`, whereas everyone may read the
    /// directories.
    fn walk(&self, paths: &mut Map<u64, Option<Arc<str>>>) {
        if let Ok(metadata) = fs::metadata(&self.point) {
            paths.insert(metadata.ino(), Some("/".into()));
        }
        walk(&self.point, Path::new("/"), 0, paths);
    }
}

fn walk(directory: &Path, path: &Path, depth: usize, paths: &mut Map<u64, Option<Arc<str>>>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_directory && depth < DEPTH && paths.len() < CAPACITY {
            let path = path.join(entry.file_name());
            paths.insert(entry.ino(), Some(text(&path)));
            walk(&entry.path(), &path, depth + 1, paths);
        }
    }
}

/// Where all of cgroup v2 is mounted, or else a part of it.
fn point(mounts: &[Mount]) -> Option<PathBuf> {
    let cgroups = || mounts.iter().filter(|mount| mount.filesystem == "cgroup2");
    let whole = cgroups().find(|mount| mount.root == Path::new("/"));
    Some(whole.or_else(|| cgroups().next())?.point.clone())
}

fn text(path: &Path) -> Arc<str> {
    path.to_string_lossy().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(root: &str, point: &str, filesystem: &str) -> Mount {
        Mount {
            number: crate::model::DeviceNumber::default(),
            root: root.into(),
            point: point.into(),
            filesystem: filesystem.to_owned(),
            source: filesystem.into(),
        }
    }

    #[test]
    fn the_whole_hierarchy_is_preferred() {
        let unified = mount("/", "/sys/fs/cgroup", "cgroup2");
        let part = mount("/a/b", "/mnt/a b", "cgroup2");
        let old = mount("/", "/sys/fs/cgroup/cpu", "cgroup");
        let found = |mounts: &[&Mount]| {
            let mounts: Vec<Mount> = mounts.iter().map(|&mount| mount.clone()).collect();
            point(&mounts)
        };
        assert_eq!(found(&[&old, &part, &unified]), Some(unified.point.clone()));
        assert_eq!(found(&[&old, &part]), Some(part.point.clone()));
        assert_eq!(found(&[&old]), None);
    }

    #[test]
    fn groups_have_the_same_names_by_id_and_by_walk() {
        let hierarchy = Hierarchy::mounted();
        let mut walked = Map::default();
        hierarchy.walk(&mut walked);
        let mut groups = Cgroups::default();
        for (id, path) in walked {
            assert_eq!(groups.path(id), path);
            match hierarchy.path(id) {
                Ok(found) => assert_eq!(Some(text(&found)), path),
                Err(error) => {
                    eprintln!("SKIP: {error}");
                    return;
                }
            }
        }
        // Numbers of nothing.
        for id in [0, u64::MAX] {
            assert!(hierarchy.path(id).is_err());
        }
    }

    #[test]
    fn a_group_is_found_while_it_is_there_whatever_its_name() {
        let hierarchy = Hierarchy::mounted();
        let name = format!("dio trace\\{}\u{1b}(deleted)", std::process::id());
        let directory = hierarchy.point.join(&name);
        if hierarchy
            .path(0)
            .is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
            || fs::create_dir(&directory).is_err()
        {
            eprintln!("SKIP: may not ask for groups by id, or make one");
            return;
        }
        let id = fs::metadata(&directory).unwrap().ino();
        let mut groups = Cgroups::default();
        let found = groups.path(id);
        fs::remove_dir(&directory).unwrap();
        assert_eq!(found.as_deref(), Some(&*format!("/{name}")));
        assert_eq!(groups.path(id), found, "remembered");
        assert_eq!(Cgroups::default().path(id), None, "gone");
    }
}
