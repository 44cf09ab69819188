//! The cells of one file in one process.

use std::sync::Arc;

use crate::{
    model::{DeviceNumber, Limits, Record},
    store::{
        bounds::CELLS_PER_FILE,
        cell::{Cell, CellKey},
    },
};

/// What tells files apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKey {
    /// A file with a known inode.
    Inode {
        /// The device whose limits apply.
        device: Option<DeviceNumber>,
        /// Type of the filesystem: a raw device's inode numbers are not its filesystem's.
        filesystem: Option<Arc<str>>,
        /// Inode number.
        inode: u64,
    },
    /// Files told apart by nothing but their path, if that.
    Path {
        /// The device whose limits apply.
        device: Option<DeviceNumber>,
        /// Path, where known.
        path: Option<Arc<str>>,
    },
    /// All files that did not fit, of one device.
    Others {
        /// The device whose limits apply.
        device: Option<DeviceNumber>,
    },
}

impl FileKey {
    /// The file of a record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        match record.inode {
            Some(inode) => Self::Inode {
                device: record.device,
                filesystem: record.filesystem.clone(),
                inode,
            },
            None => Self::Path {
                device: record.device,
                path: record.path.clone(),
            },
        }
    }

    /// The device whose limits apply.
    #[must_use]
    pub const fn device(&self) -> Option<DeviceNumber> {
        match self {
            Self::Inode { device, .. } | Self::Path { device, .. } | Self::Others { device } => {
                *device
            }
        }
    }
}

/// What is known of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// What tells it apart.
    pub key: FileKey,
    /// Name of the device whose limits apply.
    pub disk: Option<Arc<str>>,
    /// Type of the filesystem, `block` for a raw device.
    pub filesystem: Option<Arc<str>>,
    /// Path, where known.
    pub path: Option<Arc<str>>,
    /// Limits in force at the newest request.
    pub limits: Option<Limits>,
}

impl File {
    pub(super) fn of(key: FileKey, record: &Record) -> Self {
        let told_apart = !matches!(key, FileKey::Others { .. });
        Self {
            key,
            disk: record.disk.clone(),
            filesystem: record.filesystem.clone().filter(|_| told_apart),
            path: record.path.clone().filter(|_| told_apart),
            limits: record.limits,
        }
    }

    /// Whether the record tells something new.
    pub(super) fn is_older_than(&self, record: &Record) -> bool {
        (record.limits.is_some() && record.limits != self.limits)
            || (self.path.is_none() && record.path.is_some())
            || (self.disk.is_none() && record.disk.is_some())
    }
}

/// Use of one file by one process.
#[derive(Clone, Debug)]
pub(super) struct FileUse {
    pub(super) file: Arc<File>,
    pub(super) cells: Vec<Cell>,
}

impl FileUse {
    pub(super) const fn new(file: Arc<File>) -> Self {
        Self {
            file,
            cells: Vec::new(),
        }
    }

    /// The cell for `key`, or a coarser one where there are too many; and whether it is new.
    pub(super) fn cell(&mut self, key: CellKey) -> (&mut Cell, bool) {
        let full = self.cells.len() >= CELLS_PER_FILE;
        let found = self
            .cells
            .iter()
            .position(|cell| cell.key == key)
            .or_else(|| {
                let coarse = key.coarse();
                full.then(|| self.cells.iter().position(|cell| cell.key == coarse))?
            });
        match found {
            Some(index) => (&mut self.cells[index], false),
            None => {
                self.cells
                    .push(Cell::new(if full { key.coarse() } else { key }));
                let last = self.cells.len() - 1;
                (&mut self.cells[last], true)
            }
        }
    }

    /// Adds all of `other`'s cells; returns how many new ones that took.
    pub(super) fn merge(&mut self, other: &Self) -> usize {
        let mut new = 0;
        for cell in &other.cells {
            let (own, created) = self.cell(cell.key.coarse());
            own.merge(cell);
            new += usize::from(created);
        }
        new
    }
}
