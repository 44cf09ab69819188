//! bpf(2), as the benchmark and the suite need it. Independent of dio-trace's own.

use std::{
    io,
    mem::zeroed,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};

use aya_obj::generated::{
    bpf_attr, bpf_btf_info, bpf_cmd, bpf_link_info, bpf_map_info, bpf_prog_info,
};

/// A type that `BPF_OBJ_GET_INFO_BY_FD` may write: any bytes are valid.
pub(crate) trait Information {}
impl Information for bpf_btf_info {}
impl Information for bpf_link_info {}
impl Information for bpf_map_info {}
impl Information for bpf_prog_info {}

/// The objects of one kind that exist, such as all programs.
pub(crate) fn existing(next: bpf_cmd, open: bpf_cmd) -> impl Iterator<Item = (u32, OwnedFd)> {
    let mut id = 0;
    let ids = std::iter::from_fn(move || {
        id = next_id(next, id).ok()?;
        Some(id)
    });
    // One that has gone in the meantime cannot be opened.
    ids.filter_map(move |id| Some((id, by_id(open, id).ok()?)))
}

/// Opens an object by its id.
///
/// # Errors
/// When there is none.
pub(crate) fn by_id(open: bpf_cmd, id: u32) -> io::Result<OwnedFd> {
    let mut attributes = attributes();
    attributes.__bindgen_anon_6.__bindgen_anon_1.prog_id = id;
    // SAFETY: the commands that open an object by its id take no addresses, and return a new
    // descriptor.
    unsafe { descriptor(open, &mut attributes) }
}

fn next_id(command: bpf_cmd, id: u32) -> io::Result<u32> {
    let mut attributes = attributes();
    attributes.__bindgen_anon_6.__bindgen_anon_1.start_id = id;
    // SAFETY: the commands that find the next id take no addresses.
    unsafe { call(command, &mut attributes) }?;
    // SAFETY: the call filled this variant.
    Ok(unsafe { attributes.__bindgen_anon_6.next_id })
}

/// The kernel's information on an object; all zero where it gives none.
pub(crate) fn information<T: Information>(object: &OwnedFd) -> T {
    // SAFETY: the types that implement this consist of integers and addresses.
    let mut answer: T = unsafe { zeroed() };
    // SAFETY: no address is passed. An all-zero answer refers to nothing, so the error can be dropped.
    let _ = unsafe { ask(object, &mut answer) };
    answer
}

/// Asks the kernel for information on an object.
///
/// # Safety
/// Every address in `answer` must be 0 or that of a live value that nobody else borrows, of the length
/// that `answer` gives for it.
///
/// # Errors
/// When the object is of another kind, or this process lacks the right.
pub(crate) unsafe fn ask<T: Information>(object: &OwnedFd, answer: &mut T) -> io::Result<()> {
    let mut attributes = attributes();
    attributes.info.bpf_fd = object.as_raw_fd().cast_unsigned();
    attributes.info.info = std::ptr::from_mut(answer) as u64;
    attributes.info.info_len = size_of::<T>() as u32;
    // SAFETY: `answer` is of that size; the addresses in it are the caller's promise.
    unsafe { call(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attributes) }.map(drop)
}

/// Attributes of a command, all zero.
pub(crate) fn attributes() -> bpf_attr {
    // SAFETY: integers and addresses, for which all-zero is valid.
    unsafe { zeroed() }
}

/// The system call for a command that returns a descriptor.
///
/// # Safety
/// As for [`call`]; and the command must return a new descriptor.
///
/// # Errors
/// The kernel's errno.
pub(crate) unsafe fn descriptor(
    command: bpf_cmd,
    attributes: &mut bpf_attr,
) -> io::Result<OwnedFd> {
    // SAFETY: the caller's promise.
    let number = unsafe { call(command, attributes) }?;
    // SAFETY: new, so nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// The system call.
///
/// # Safety
/// Every address in `attributes` that the command uses must be that of a live value of sufficient size,
/// which nobody else borrows if the command writes to it.
///
/// # Errors
/// The kernel's errno.
pub(crate) unsafe fn call(command: bpf_cmd, attributes: &mut bpf_attr) -> io::Result<i32> {
    // SAFETY: `attributes` is a whole `bpf_attr`; the rest is the caller's promise.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as u32,
            std::ptr::from_mut(attributes),
            size_of::<bpf_attr>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(i32::try_from(result).unwrap_or(0))
}
