//! The floor: programs that do nothing in the places where dio-trace has its own. No tracer that
//! hooks these functions can cost less.

use anyhow::Result;

use super::bpf::{
    Empty,
    Point::{self, Entry, Exit, Trace},
    Types,
};

/// Modules with functions among [`HOOKS`].
pub(super) const MODULES: &[&str] = &["xfs", "ext4", "btrfs"];

const BOTH: &[Point] = &[Exit, Entry];

/// Where dio-trace attaches on kernels that allow fentry and fexit (`dio-trace doctor`).
const HOOKS: &[(&str, &[Point])] = &[
    ("aio_complete_rw", &[Entry]),
    ("io_complete_rw", &[Entry]),
    ("io_complete_rw_iopoll", &[Entry]),
    ("block_bio_queue", &[Trace]),
    ("block_split", &[Trace]),
    ("btrfs_dio_submit_io", &[Entry]),
    ("iomap_dio_rw", BOTH),
    ("__iomap_dio_read_simple", BOTH),
    ("blkdev_direct_IO", BOTH),
    ("__blockdev_direct_IO", BOTH),
    ("blkdev_read_iter", BOTH),
    ("blkdev_write_iter", BOTH),
    ("xfs_file_write_iter", BOTH),
    ("ext4_file_read_iter", BOTH),
    ("ext4_file_write_iter", BOTH),
    ("btrfs_file_read_iter", BOTH),
    ("btrfs_file_write_iter", BOTH),
];

/// Attaches all of them; they are detached when the result is dropped.
///
/// # Errors
/// When the kernel refuses one.
pub(super) fn attach() -> Result<Vec<Empty>> {
    let types = Types::read(MODULES)?;
    let mut links = Vec::new();
    for (function, points) in HOOKS {
        for point in *points {
            links.extend(types.attach_empty(function, *point)?);
        }
    }
    Ok(links)
}
