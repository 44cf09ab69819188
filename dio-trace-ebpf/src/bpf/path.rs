//! The path of an open file, taken from the directory cache when the file is first met, so that
//! it is right even where the process is gone a moment later.

use aya_ebpf::helpers::generated::bpf_probe_read_kernel_str;
use dio_trace_ebpf::abi::file::{FileEvent, NAME_CAPACITY, PATH_STEPS};

use super::{
    globals::{has, layout},
    memory::Kernel,
};

/// Highest error number that a pointer may hold (include/linux/err.h).
const MAX_ERRNO: u64 = 4095;

/// Writes the components of `file`'s path, innermost first, through all mounts of its mount
/// namespace. Returns the slots used; 0 where the path is too deep, has too long a component or is
/// unreadable.
#[inline(always)]
pub(super) fn components(event: *mut FileEvent, file: Kernel<false>) -> u32 {
    let (mut dentry, mut vfsmount) = user_path(file);
    for step in 0..PATH_STEPS {
        // SAFETY: `event` is a live entry of the ring buffer, `step` lies within it.
        let slot = unsafe { (&raw mut (*event).path[step]).cast::<u8>() };
        // SAFETY: as above.
        unsafe { *slot = 0 };
        if dentry.0 == vfsmount.follow(layout!(vfsmount_mnt_root)).0 {
            let mount = Kernel::<false>(vfsmount.0.wrapping_sub(layout!(mount_mnt) as usize));
            let parent = mount.follow(layout!(mount_mnt_parent));
            if parent.0 == mount.0 {
                return step as u32 + 1;
            }
            dentry = mount.follow(layout!(mount_mnt_mountpoint));
            vfsmount = Kernel(parent.0.wrapping_add(layout!(mount_mnt) as usize));
            continue;
        }
        let parent = dentry.follow(layout!(dentry_d_parent));
        if parent.0 == dentry.0 {
            // The root of a filesystem that is mounted nowhere.
            return step as u32 + 1;
        }
        let name = dentry.follow(layout!(dentry_d_name));
        // SAFETY: the slot holds NAME_CAPACITY bytes; the helper checks the address it reads.
        let written =
            unsafe { bpf_probe_read_kernel_str(slot.cast(), NAME_CAPACITY as u32, name.0.cast()) };
        // A name that fills the slot may have been cut.
        if written <= 0 || written >= NAME_CAPACITY as i64 {
            return 0;
        }
        dentry = parent;
    }
    0
}

/// Where the program sees the file: overlayfs opens the real one in a mount that is in no
/// namespace, and keeps the path that the program knows beside it (`struct backing_file`,
/// fs/file_table.c, from 6.5).
#[inline(always)]
fn user_path(file: Kernel<false>) -> (Kernel<false>, Kernel<false>) {
    let dentry = file.follow(layout!(file_f_path_dentry));
    let vfsmount = file.follow(layout!(file_f_path_mnt));
    if !has!(backing_file_user_path_dentry) || !has!(backing_file_user_path_mnt) {
        return (dentry, vfsmount);
    }
    let mount = Kernel::<false>(vfsmount.0.wrapping_sub(layout!(mount_mnt) as usize));
    let namespace = mount.read::<u64>(layout!(mount_mnt_ns));
    if namespace.wrapping_add(MAX_ERRNO) > MAX_ERRNO {
        return (dentry, vfsmount);
    }
    // No namespace, or `MNT_NS_INTERNAL`. `struct backing_file` begins with its `struct file`.
    (
        file.follow(layout!(backing_file_user_path_dentry)),
        file.follow(layout!(backing_file_user_path_mnt)),
    )
}
