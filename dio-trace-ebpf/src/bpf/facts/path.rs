//! The path of an open file, read from the directory cache when a request to the file is first seen, so
//! that it is right even if the process exits a moment later.

use core::ffi::{c_long, c_void};

use aya_ebpf::helpers::generated::bpf_loop;
use dio_trace_ebpf::{
    abi::file::{NAME_CAPACITY, PATH_STEPS},
    verifier::{low_bits, opaque},
};

use crate::bpf::base::{
    globals::{has, layout, setting},
    kind::ProgramKind,
    pointer::{ByHelper, KernelPtr},
};

/// Highest error number that a pointer may hold (include/linux/err.h).
const MAX_ERRNO: u64 = 4095;

/// Progress of the walk up to the root.
#[repr(C)]
struct Walk {
    /// The slot for the first component.
    slots: *mut [u8; NAME_CAPACITY],
    dentry: u64,
    vfsmount: u64,
    /// Slots used, once the root is reached.
    steps: u64,
}

/// Writes the components of `file`'s path to `path`, innermost first, through all mounts of its mount
/// namespace. Returns the number of slots used; 0 if the path is too deep, has too long a component or
/// cannot be read.
#[inline(always)]
pub(in crate::bpf) fn components<P: ProgramKind>(
    path: &mut [[u8; NAME_CAPACITY]; PATH_STEPS],
    file: KernelPtr<ByHelper>,
) -> u64 {
    let (dentry, vfsmount) = user_path(file);
    let mut walk = Walk {
        slots: path.as_mut_ptr(),
        dentry: dentry.address(),
        vfsmount: vfsmount.address(),
        // Older kernels assume after one round that they know what the callback leaves here.
        steps: opaque(0, dentry.address()),
    };
    // Other programs are loaded unchanged, also by kernels that refuse a callback.
    if P::BTF && setting!(has_loop) != 0 {
        // SAFETY: the callback has the signature that the helper asks for, and gets back `walk`,
        // which outlives the call.
        unsafe {
            bpf_loop(
                PATH_STEPS as u32,
                step_callback as *mut c_void,
                (&raw mut walk).cast(),
                0,
            );
        }
    } else {
        for number in 0..PATH_STEPS as u32 {
            if !step(&mut walk, number) {
                break;
            }
        }
    }
    walk.steps
}

/// One round of `bpf_loop`: 0 to continue, 1 to stop.
unsafe extern "C" fn step_callback(number: u32, walk: *mut c_void) -> c_long {
    // SAFETY: `components` passes the address of a walk that nothing else touches meanwhile.
    c_long::from(!step(unsafe { &mut *walk.cast() }, number))
}

/// Writes the next component. False at the root, and if it cannot continue.
#[inline(always)]
fn step(walk: &mut Walk, number: u32) -> bool {
    let slot = low_bits::<{ PATH_STEPS as i32 - 1 }>(u64::from(number));
    // SAFETY: there are PATH_STEPS slots.
    let slot = unsafe { walk.slots.add(slot).cast::<u8>() };
    // SAFETY: as above.
    unsafe { *slot = 0 };
    let dentry = KernelPtr::at(walk.dentry);
    let vfsmount = KernelPtr::at(walk.vfsmount);
    if dentry.address() == vfsmount.follow(layout!(vfsmount_mnt_root)).address() {
        let mount = vfsmount.container(layout!(mount_mnt));
        let parent = mount.follow(layout!(mount_mnt_parent));
        if parent.address() == mount.address() {
            walk.steps = u64::from(number) + 1;
            return false;
        }
        walk.dentry = mount.read(layout!(mount_mnt_mountpoint));
        walk.vfsmount = parent.address().wrapping_add(u64::from(layout!(mount_mnt)));
        return true;
    }
    let parent = dentry.follow(layout!(dentry_d_parent));
    if parent.address() == dentry.address() {
        // The root of a filesystem that is not mounted.
        walk.steps = u64::from(number) + 1;
        return false;
    }
    let name = dentry.follow(layout!(dentry_d_name));
    // SAFETY: the slot holds NAME_CAPACITY bytes.
    let written = unsafe { name.read_string(slot, NAME_CAPACITY as u32) };
    walk.dentry = parent.address();
    // A name that fills the slot may have been truncated.
    0 < written && written < NAME_CAPACITY as i64
}

/// Dentry and mount of the path by which the program knows the file. overlayfs opens the real file in a
/// mount that is in no namespace, and stores the program's path next to it (`struct backing_file`,
/// fs/file_table.c, from 6.5).
#[inline(always)]
fn user_path(file: KernelPtr<ByHelper>) -> (KernelPtr<ByHelper>, KernelPtr<ByHelper>) {
    let dentry = file.follow(layout!(file_f_path_dentry));
    let vfsmount = file.follow(layout!(file_f_path_mnt));
    if !has!(backing_file_user_path_dentry) || !has!(backing_file_user_path_mnt) {
        return (dentry, vfsmount);
    }
    let mount = vfsmount.container(layout!(mount_mnt));
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
