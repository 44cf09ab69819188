//! Files that the probes have sent.

use std::sync::Arc;

use dio_trace_ebpf::abi::file::{FileEvent, FileId};

use crate::{
    hash::Map,
    model::{DeviceNumber, Limits},
};

/// Number of files in one epoch.
const CAPACITY: usize = 131_072;

/// Name, device and limits of a file.
#[derive(Clone, Debug)]
pub(in crate::kernel) struct File {
    pub(in crate::kernel) path: Option<Arc<str>>,
    pub(in crate::kernel) filesystem: Option<Arc<str>>,
    pub(in crate::kernel) device: Option<DeviceNumber>,
    pub(in crate::kernel) disk: Option<Arc<str>>,
    pub(in crate::kernel) limits: Option<Limits>,
}

/// Files by id, of this epoch and the one before. When one is full another begins, in which the probes
/// send all files again: a file that is still in use is known at any time.
#[derive(Debug, Default)]
pub(in crate::kernel) struct Files {
    latest: Map<FileId, File>,
    before: Map<FileId, File>,
    epoch: u32,
}

impl Files {
    /// Adds a file that the probes have sent.
    pub(in crate::kernel) fn learn(&mut self, event: &FileEvent) {
        if self.latest.len() >= CAPACITY {
            self.before = std::mem::take(&mut self.latest);
            self.epoch = self.epoch.wrapping_add(1);
        }
        let has_device = event.disk != 0;
        let file = File {
            path: path(event),
            filesystem: word(&event.filesystem),
            device: has_device.then(|| DeviceNumber::from_kernel(event.disk)),
            disk: if has_device {
                word(&event.disk_name)
            } else {
                None
            },
            limits: has_device.then_some(event.limits),
        };
        self.latest.insert(event.id, file);
    }

    /// A file, where it is known.
    pub(in crate::kernel) fn get(&self, id: FileId) -> Option<&File> {
        self.latest.get(&id).or_else(|| self.before.get(&id))
    }

    /// Number of this epoch.
    pub(in crate::kernel) const fn epoch(&self) -> u32 {
        self.epoch
    }
}

/// Text of a NUL-padded field; `None` where it is empty.
pub(in crate::kernel) fn word(bytes: &[u8]) -> Option<Arc<str>> {
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    (!text.is_empty()).then(|| String::from_utf8_lossy(text).into())
}

/// Puts the components, which come innermost first, in order; `None` where the path is not whole.
fn path(event: &FileEvent) -> Option<Arc<str>> {
    let slots = event.path.get(..event.path_steps as usize)?;
    let names: Vec<Arc<str>> = slots.iter().rev().filter_map(|slot| word(slot)).collect();
    (!slots.is_empty()).then(|| format!("/{}", names.join("/")).into())
}
