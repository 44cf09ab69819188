//! bpf(2), for what aya does not do: programs of the tracing type (fentry, fexit, `tp_btf`) that are
//! attached to functions of modules and as often as wanted, programs that are run on request, maps that
//! lead to one program.
//!
//! The system call takes addresses as numbers. What it does with them is unsafe, and ends in this file and
//! in [`load`]: each function there takes them from values that it borrows itself.

mod load;

use std::{
    ffi::CStr,
    io,
    mem::zeroed,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
};

use aya_obj::generated::{
    BPF_F_SLEEPABLE, bpf_attr, bpf_btf_info, bpf_cmd, bpf_insn,
    bpf_map_type::BPF_MAP_TYPE_PROG_ARRAY,
    bpf_prog_info,
    bpf_prog_type::{self, BPF_PROG_TYPE_SYSCALL},
};
use bytemuck::Pod;

pub(in crate::kernel) use self::load::{Program, Target, load};

const LICENSE: &CStr = c"Dual MIT/GPL";
/// A program that stays attached until this is dropped.
#[derive(Debug)]
pub(in crate::kernel) struct Link {
    program: OwnedFd,
    _link: OwnedFd,
}

impl Link {
    /// The attached program.
    pub(in crate::kernel) fn program(&self) -> BorrowedFd<'_> {
        self.program.as_fd()
    }
}

/// Attaches a loaded program.
///
/// # Errors
/// The kernel's errno.
pub(in crate::kernel) fn link(program: OwnedFd) -> io::Result<Link> {
    let mut attr = attr();
    attr.raw_tracepoint.prog_fd = program.as_raw_fd().cast_unsigned();
    // SAFETY: the command reads descriptors, and no name: its address is 0.
    let link = unsafe { bpf_fd(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, &mut attr) }?;
    Ok(Link {
        program,
        _link: link,
    })
}

/// Loads an object's own BTF.
///
/// # Errors
/// The kernel's errno.
pub(in crate::kernel) fn load_btf(bytes: &[u8]) -> io::Result<OwnedFd> {
    let mut attr = attr();
    attr.__bindgen_anon_7.btf = bytes.as_ptr() as u64;
    attr.__bindgen_anon_7.btf_size = count(bytes);
    // SAFETY: `bytes` are as many, and outlive the call.
    unsafe { bpf_fd(bpf_cmd::BPF_BTF_LOAD, &mut attr) }
}

/// Loads a program of the syscall type, which [`run`] runs.
///
/// # Errors
/// The kernel's errno.
pub(in crate::kernel) fn load_runnable(instructions: &[bpf_insn]) -> io::Result<OwnedFd> {
    let mut attr = load_attr(BPF_PROG_TYPE_SYSCALL, instructions);
    attr.__bindgen_anon_3.prog_flags = BPF_F_SLEEPABLE;
    // SAFETY: instructions and licence are as many as is said, and outlive the call.
    unsafe { bpf_fd(bpf_cmd::BPF_PROG_LOAD, &mut attr) }
}

/// Runs a program on `context`, which it may change. Returns what the program does.
///
/// # Errors
/// The kernel's errno.
pub(in crate::kernel) fn run<T: Pod>(program: BorrowedFd<'_>, context: &mut T) -> io::Result<i32> {
    let mut attr = attr();
    attr.test.prog_fd = program.as_raw_fd().cast_unsigned();
    attr.test.ctx_in = std::ptr::from_mut(context) as u64;
    attr.test.ctx_size_in = size_of::<T>() as u32;
    // SAFETY: `context` is borrowed for the call, of this size, and may hold any bytes.
    unsafe { bpf(bpf_cmd::BPF_PROG_TEST_RUN, &mut attr) }?;
    // SAFETY: the call above filled this variant.
    Ok(unsafe { attr.test.retval }.cast_signed())
}

/// Makes a map of programs that holds this one. The kernel empties it when nobody has it open.
///
/// # Errors
/// The kernel's errno.
pub(in crate::kernel) fn program_map(program: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    const BYTES: u32 = size_of::<u32>() as u32;
    let mut create = attr();
    create.__bindgen_anon_1.map_type = BPF_MAP_TYPE_PROG_ARRAY as u32;
    create.__bindgen_anon_1.key_size = BYTES;
    create.__bindgen_anon_1.value_size = BYTES;
    create.__bindgen_anon_1.max_entries = 1;
    // SAFETY: the command reads numbers, and returns a new descriptor.
    let map = unsafe { bpf_fd(bpf_cmd::BPF_MAP_CREATE, &mut create) }?;
    let (slot, program) = (0_u32, program.as_raw_fd());
    let mut update = attr();
    update.__bindgen_anon_2.map_fd = map.as_raw_fd().cast_unsigned();
    update.__bindgen_anon_2.key = (&raw const slot) as u64;
    update.__bindgen_anon_2.__bindgen_anon_1.value = (&raw const program) as u64;
    // SAFETY: key and value have the size that the map was made with, and outlive the call.
    unsafe { bpf(bpf_cmd::BPF_MAP_UPDATE_ELEM, &mut update) }?;
    Ok(map)
}

/// Opens the BTF of loaded modules, by name.
pub(in crate::kernel) fn open_module_btf(names: &[&str]) -> Vec<(String, OwnedFd)> {
    let mut found = Vec::new();
    let mut id = 0;
    while found.len() < names.len() {
        let mut attr = attr();
        attr.__bindgen_anon_6.__bindgen_anon_1.start_id = id;
        // SAFETY: the command reads and writes numbers in `attr` alone.
        if unsafe { bpf(bpf_cmd::BPF_BTF_GET_NEXT_ID, &mut attr) }.is_err() {
            break;
        }
        // SAFETY: the call above filled this variant.
        id = unsafe { attr.__bindgen_anon_6.next_id };
        let Ok(btf) = btf_by_id(id) else {
            continue;
        };
        if let Some(name) = kernel_btf_name(btf.as_fd())
            && names.contains(&name.as_str())
        {
            found.push((name, btf));
        }
    }
    found
}

/// Opens a BTF object.
fn btf_by_id(id: u32) -> io::Result<OwnedFd> {
    let mut attr = attr();
    attr.__bindgen_anon_6.__bindgen_anon_1.btf_id = id;
    // SAFETY: the command reads a number, and returns a new descriptor.
    unsafe { bpf_fd(bpf_cmd::BPF_BTF_GET_FD_BY_ID, &mut attr) }
}

/// Name of the module that a BTF object describes; `None` for a program's own.
fn kernel_btf_name(btf: BorrowedFd<'_>) -> Option<String> {
    let mut name = [0u8; 64];
    // SAFETY: all-zero is a valid `bpf_btf_info`.
    let mut info: bpf_btf_info = unsafe { zeroed() };
    info.name = name.as_mut_ptr() as u64;
    info.name_len = count(&name);
    // SAFETY: the descriptor is of a BTF object; `name` is as long as is said, and borrowed by nobody
    // else.
    unsafe { read_info(btf.as_raw_fd(), &mut info) }.ok()?;
    let name = CStr::from_bytes_until_nul(&name).ok()?.to_str().ok()?;
    (info.kernel_btf != 0).then(|| name.to_owned())
}

/// How often the kernel skipped a program because it was at work on the same CPU already
/// (`bpf_prog_info.recursion_misses`, from 5.12); 0 on kernels that skip none.
pub(in crate::kernel) fn skipped_runs(program: RawFd) -> u64 {
    // SAFETY: all-zero is a valid `bpf_prog_info`.
    let mut info: bpf_prog_info = unsafe { zeroed() };
    // SAFETY: nothing is asked for that needs an address.
    match unsafe { read_info(program, &mut info) } {
        Ok(()) => info.recursion_misses,
        Err(_) => 0,
    }
}

/// Information about an object, as the kernel gives it.
trait Info {}
impl Info for bpf_btf_info {}
impl Info for bpf_prog_info {}

/// Fills in what the kernel says of an object of this kind; one of another kind fills in other numbers.
///
/// # Safety
/// Every address in `info` must be that of a live value which nobody else borrows, as long as is said
/// beside it; or be 0.
unsafe fn read_info<T: Info>(object: RawFd, info: &mut T) -> io::Result<()> {
    let mut attr = attr();
    attr.info.bpf_fd = object.cast_unsigned();
    attr.info.info = std::ptr::from_mut(info) as u64;
    attr.info.info_len = size_of::<T>() as u32;
    // SAFETY: `info` is borrowed for the call, and of this size; the rest is the caller's word.
    unsafe { bpf(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr) }.map(|_| ())
}

/// The attributes that every command begins with: zeros mean "nothing asked for".
const fn attr() -> bpf_attr {
    // SAFETY: a union of integers, for which zeros are valid.
    unsafe { zeroed() }
}

/// Attributes of a program to load, which are valid as long as `instructions`.
fn load_attr(kind: bpf_prog_type, instructions: &[bpf_insn]) -> bpf_attr {
    let mut attr = attr();
    attr.__bindgen_anon_3.prog_type = kind as u32;
    attr.__bindgen_anon_3.insns = instructions.as_ptr() as u64;
    attr.__bindgen_anon_3.insn_cnt = count(instructions);
    attr.__bindgen_anon_3.license = LICENSE.as_ptr() as u64;
    attr
}

/// How many there are; 0, which the kernel refuses, where they are more than it has numbers for.
fn count<T>(values: &[T]) -> u32 {
    u32::try_from(values.len()).unwrap_or(0)
}

/// The system call.
///
/// # Safety
/// Every address in `attr` that the command takes must be that of a live value, as long as is said
/// beside it, and borrowed by nobody else where the command writes to it.
unsafe fn bpf(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<i32> {
    // SAFETY: `attr` is a whole `bpf_attr`; the rest is the caller's word.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as u32,
            std::ptr::from_mut(attr),
            size_of::<bpf_attr>(),
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(i32::try_from(result).unwrap_or(0))
    }
}

/// The system call for a command that returns a descriptor.
///
/// # Safety
/// As for [`bpf`]; and the command must return a new descriptor.
unsafe fn bpf_fd(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<OwnedFd> {
    // SAFETY: the caller's word.
    let fd = unsafe { bpf(command, attr) }?;
    // SAFETY: new, so that nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
