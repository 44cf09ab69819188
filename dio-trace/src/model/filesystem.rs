//! The known properties of the filesystem of a record.

use dio_trace_ebpf::filesystems;
pub use dio_trace_ebpf::filesystems::{Filesystem, RAW_DEVICE};

use crate::model::Record;

impl Record {
    /// The known properties of its filesystem; `None` for raw devices, and where the type is unknown or
    /// not in the table.
    #[must_use]
    pub fn known_filesystem(&self) -> Option<&'static Filesystem> {
        filesystems::of_type(self.filesystem.as_deref()?)
    }

    /// Whether it is about a raw block device.
    #[must_use]
    pub fn is_raw_device(&self) -> bool {
        self.filesystem.as_deref() == Some(RAW_DEVICE)
    }
}
