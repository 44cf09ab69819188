//! Opens what kernfs, the filesystem under cgroups and sysfs, knows by number.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

/// `FILEID_KERNFS` (`include/linux/exportfs.h`, from 5.5): a handle that is an id of 64 bits.
const FILEID_KERNFS: i32 = 0xfe;

/// `struct file_handle` (`include/linux/fs.h`) with such an id.
#[repr(C)]
struct Handle {
    /// Bytes of what follows `kind`.
    bytes: u32,
    kind: i32,
    id: u64,
}

/// Opens the directory or file of this id, for its path alone. `mount` is any directory of the mounted
/// filesystem.
///
/// # Errors
/// `ESTALE` where there is none of this id any more, `EPERM` without `CAP_DAC_READ_SEARCH`.
pub(in crate::kernel) fn open_by_id(mount: BorrowedFd<'_>, id: u64) -> io::Result<OwnedFd> {
    let mut handle = Handle {
        bytes: size_of::<u64>() as u32,
        kind: FILEID_KERNFS,
        id,
    };
    // SAFETY: `handle` is alive, and as long as it says.
    let opened = unsafe {
        libc::open_by_handle_at(
            mount.as_raw_fd(),
            (&raw mut handle).cast(),
            libc::O_PATH | libc::O_CLOEXEC,
        )
    };
    if opened < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(opened) })
}
