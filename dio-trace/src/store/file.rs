//! Files of one process, each with its cells.

use std::sync::Arc;

use crate::{
    model::{DeviceNumber, Limits, Record},
    store::{
        bounds::CELLS_PER_FILE,
        cell::{Cell, CellKey},
    },
};

/// The identity of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKey {
    /// A file with a known inode.
    Inode {
        /// The device whose limits apply.
        device: Option<DeviceNumber>,
        /// Type of the filesystem: the inode numbers of a raw device are not those of its
        /// filesystem.
        filesystem: Option<Arc<str>>,
        /// Inode number.
        inode: u64,
    },
    /// Files without a known inode, distinguished only by their path, if that is known.
    Path {
        /// The device whose limits apply.
        device: Option<DeviceNumber>,
        /// Path; `None` where it is unknown.
        path: Option<Arc<str>>,
    },
    /// All files of one device that did not fit.
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

/// The known facts about a file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Its identity.
    pub key: FileKey,
    /// Name of the device whose limits apply.
    pub disk: Option<Arc<str>>,
    /// Type of the filesystem, `block` for a raw device.
    pub filesystem: Option<Arc<str>>,
    /// Path; `None` where it is unknown.
    pub path: Option<Arc<str>>,
    /// Limits in force at its newest request.
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

    /// Whether the record has something new about the file.
    pub(super) fn is_older_than(&self, record: &Record) -> bool {
        (record.limits.is_some() && record.limits != self.limits)
            || (self.path.is_none() && record.path.is_some())
            || (self.disk.is_none() && record.disk.is_some())
    }
}

/// The use of one file by one process.
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

    /// Whether requests like these were seen before.
    pub(super) fn has_seen(&self, key: CellKey) -> bool {
        self.cells.iter().any(|cell| cell.key.resembles(key))
    }

    /// The cell for `key`, or a coarser one where there are too many, and whether it is new.
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

    /// Adds all cells of `other`, and returns how many new cells that needed.
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
