//! The path of an open file, taken from the directory cache when the file is first met, so that
//! it is right even where the process is gone a moment later.

use aya_ebpf::helpers::generated::bpf_probe_read_kernel_str;
use dio_trace_ebpf::{
    abi::file::{FileEvent, NAME_CAPACITY, PATH_CAPACITY, PATH_DEPTH},
    verifier::{forget, low_bits},
};

use super::{globals::layout, memory::Kernel};

/// For [`low_bits`]: `PATH_CAPACITY` is a power of two.
const PLACE: i32 = PATH_CAPACITY as i32 - 1;

/// Writes the components of `file`'s path, innermost first, through all mounts of its mount
/// namespace. Returns the bytes used; 0 where the path is too deep, too long or unreadable.
#[inline(always)]
pub(super) fn components(event: *mut FileEvent, file: Kernel<false>) -> u32 {
    let mut dentry = file.follow(layout!(file_f_path_dentry));
    let mut vfsmount = file.follow(layout!(file_f_path_mnt));
    let mut used: u64 = 0;
    for _ in 0..PATH_DEPTH {
        if dentry.0 == vfsmount.follow(layout!(vfsmount_mnt_root)).0 {
            let mount = Kernel::<false>(vfsmount.0.wrapping_sub(layout!(mount_mnt) as usize));
            let parent = mount.follow(layout!(mount_mnt_parent));
            if parent.0 == mount.0 {
                return used as u32;
            }
            dentry = mount.follow(layout!(mount_mnt_mountpoint));
            vfsmount = Kernel(parent.0.wrapping_add(layout!(mount_mnt) as usize));
            continue;
        }
        let parent = dentry.follow(layout!(dentry_d_parent));
        if parent.0 == dentry.0 {
            // The root of a filesystem that is mounted nowhere.
            return used as u32;
        }
        let name = dentry.follow(layout!(dentry_d_name));
        if used >= PATH_CAPACITY as u64 {
            return 0;
        }
        // SAFETY: `used` is below PATH_CAPACITY and NAME_CAPACITY bytes lie behind that.
        let written = unsafe {
            let place = (&raw mut (*event).path)
                .cast::<u8>()
                .add(low_bits::<PLACE>(used));
            bpf_probe_read_kernel_str(place.cast(), NAME_CAPACITY as u32, name.0.cast())
        };
        if written <= 0 || written > NAME_CAPACITY as i64 {
            return 0;
        }
        used = forget(used + written as u64, parent.0 as u64);
        dentry = parent;
    }
    0
}
