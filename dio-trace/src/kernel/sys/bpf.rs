//! Loads and attaches programs of the tracing type (fentry, fexit, `tp_btf`), also to functions of
//! modules and as often as wanted, which aya does not do.

use std::{
    ffi::CStr,
    io,
    mem::zeroed,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
};

use aya_obj::generated::{
    bpf_attach_type, bpf_attr, bpf_btf_info, bpf_cmd, bpf_func_info, bpf_insn, bpf_prog_info,
    bpf_prog_type::BPF_PROG_TYPE_TRACING,
};

pub(in crate::kernel) const LICENSE: &CStr = c"Dual MIT/GPL";
/// Room for the verifier's words: its last lines are what matters, and a refusal is short.
const LOG_SIZE: usize = 1 << 20;

/// What a tracing program is attached to.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Target<'a> {
    /// Id of the function, or of the tracepoint's type, in its BTF.
    pub(in crate::kernel) btf_id: u32,
    /// BTF of the module it lives in; `None` for vmlinux.
    pub(in crate::kernel) module: Option<&'a OwnedFd>,
    /// How: `BPF_TRACE_FENTRY`, `BPF_TRACE_FEXIT` or `BPF_TRACE_RAW_TP`.
    pub(in crate::kernel) attach_type: bpf_attach_type,
}

/// What is loaded.
#[derive(Debug)]
pub(in crate::kernel) struct Program<'a> {
    /// Its instructions, those of its functions behind them.
    pub(in crate::kernel) instructions: Vec<bpf_insn>,
    /// Where each function begins, and its type in the object's own BTF.
    pub(in crate::kernel) functions: Vec<bpf_func_info>,
    /// That BTF, where the kernel takes it.
    pub(in crate::kernel) btf: Option<&'a OwnedFd>,
}

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
pub(in crate::kernel) fn link(program: OwnedFd) -> Result<Link, String> {
    // SAFETY: all-zero is a valid `bpf_attr`.
    let mut attr: bpf_attr = unsafe { zeroed() };
    attr.raw_tracepoint.prog_fd = program.as_raw_fd().cast_unsigned();
    let link = bpf_fd(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, &mut attr)
        .map_err(|error| format!("cannot attach: {}", describe(&error)))?;
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
    // SAFETY: all-zero is a valid `bpf_attr`.
    let mut attr: bpf_attr = unsafe { zeroed() };
    // SAFETY: writes the variant that BPF_BTF_LOAD reads.
    let load = unsafe { &mut attr.__bindgen_anon_7 };
    load.btf = bytes.as_ptr() as u64;
    load.btf_size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    bpf_fd(bpf_cmd::BPF_BTF_LOAD, &mut attr)
}

/// Loads a program for its target.
///
/// # Errors
/// The kernel's errno, with the verifier's last line where it refused the program.
pub(in crate::kernel) fn load(
    program: &Program<'_>,
    target: Target<'_>,
) -> Result<OwnedFd, String> {
    let instructions = &program.instructions;
    // SAFETY: all-zero is a valid `bpf_attr`.
    let mut attr: bpf_attr = unsafe { zeroed() };
    // SAFETY: writes the variant that BPF_PROG_LOAD reads.
    let load = unsafe { &mut attr.__bindgen_anon_3 };
    load.prog_type = BPF_PROG_TYPE_TRACING as u32;
    load.expected_attach_type = target.attach_type as u32;
    load.insns = instructions.as_ptr() as u64;
    load.insn_cnt = u32::try_from(instructions.len()).unwrap_or(u32::MAX);
    if let Some(btf) = program.btf {
        load.prog_btf_fd = btf.as_raw_fd().cast_unsigned();
        load.func_info_rec_size = size_of::<bpf_func_info>() as u32;
        load.func_info = program.functions.as_ptr() as u64;
        load.func_info_cnt = u32::try_from(program.functions.len()).unwrap_or(u32::MAX);
    }
    load.license = LICENSE.as_ptr() as u64;
    load.attach_btf_id = target.btf_id;
    if let Some(module) = target.module {
        load.__bindgen_anon_1.attach_btf_obj_fd = module.as_raw_fd().cast_unsigned();
    }
    let first = match bpf_fd(bpf_cmd::BPF_PROG_LOAD, &mut attr) {
        Ok(program) => return Ok(program),
        Err(error) => error,
    };
    // Once more, for the verifier's reason.
    let mut log = vec![0u8; LOG_SIZE];
    // SAFETY: as above; `log` outlives the call.
    let load = unsafe { &mut attr.__bindgen_anon_3 };
    load.log_level = 1;
    load.log_buf = log.as_mut_ptr() as u64;
    load.log_size = LOG_SIZE as u32;
    match bpf_fd(bpf_cmd::BPF_PROG_LOAD, &mut attr) {
        Ok(program) => Ok(program),
        Err(_) => {
            let end = log.iter().position(|&byte| byte == 0).unwrap_or(log.len());
            log.truncate(end);
            Err(refusal(&first, &String::from_utf8_lossy(&log)))
        }
    }
}

/// The errno, and the verifier's last words that are not statistics. The whole protocol goes to
/// standard error where `DIO_TRACE_VERIFIER_LOG` is set.
pub(in crate::kernel) fn refusal(error: &io::Error, log: &str) -> String {
    if std::env::var_os("DIO_TRACE_VERIFIER_LOG").is_some() {
        eprintln!("{log}");
    }
    const STATISTICS: [&str; 3] = ["processed ", "verification time ", "stack depth "];
    let last = log.lines().rev().find(|line| {
        !line.trim().is_empty() && !STATISTICS.iter().any(|start| line.starts_with(start))
    });
    match last {
        Some(last) => format!("{}; the verifier says: {last}", describe(error)),
        None => describe(error),
    }
}

/// The errno in words, also for the ones that only the kernel's inside knows.
fn describe(error: &io::Error) -> String {
    /// `ENOTSUPP` (include/linux/errno.h): not for userspace, yet bpf(2) returns it.
    const ENOTSUPP: i32 = 524;
    match error.raw_os_error() {
        Some(ENOTSUPP) => "not supported on this kernel".to_owned(),
        // Rights were looked at before.
        Some(libc::EPERM) => {
            "the kernel forbids it, as it does under lockdown=confidentiality".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Opens the BTF of loaded modules, by name.
pub(in crate::kernel) fn open_module_btf(names: &[&str]) -> Vec<(String, OwnedFd)> {
    let mut found = Vec::new();
    let mut id = 0;
    while found.len() < names.len() {
        // SAFETY: all-zero is a valid `bpf_attr`.
        let mut attr: bpf_attr = unsafe { zeroed() };
        attr.__bindgen_anon_6.__bindgen_anon_1.start_id = id;
        if bpf(bpf_cmd::BPF_BTF_GET_NEXT_ID, &mut attr).is_err() {
            break;
        }
        // SAFETY: the call above filled this variant.
        id = unsafe { attr.__bindgen_anon_6.next_id };
        // SAFETY: all-zero is a valid `bpf_attr`.
        let mut attr: bpf_attr = unsafe { zeroed() };
        attr.__bindgen_anon_6.__bindgen_anon_1.btf_id = id;
        let Ok(btf) = bpf_fd(bpf_cmd::BPF_BTF_GET_FD_BY_ID, &mut attr) else {
            continue;
        };
        if let Some(name) = kernel_btf_name(btf.as_raw_fd())
            && names.contains(&name.as_str())
        {
            found.push((name, btf));
        }
    }
    found
}

/// Name of the module that a BTF object describes; `None` for a program's own.
fn kernel_btf_name(btf: RawFd) -> Option<String> {
    let mut name = [0u8; 64];
    // SAFETY: all-zero is a valid `bpf_btf_info`.
    let mut info: bpf_btf_info = unsafe { zeroed() };
    info.name = name.as_mut_ptr() as u64;
    info.name_len = name.len() as u32;
    read_info(btf, &mut info).ok()?;
    let name = CStr::from_bytes_until_nul(&name).ok()?.to_str().ok()?;
    (info.kernel_btf != 0).then(|| name.to_owned())
}

/// How often the kernel skipped a program because it was at work on the same CPU already
/// (`bpf_prog_info.recursion_misses`, from 5.12); 0 on kernels that skip none.
pub(in crate::kernel) fn skipped_runs(program: RawFd) -> u64 {
    // SAFETY: all-zero is a valid `bpf_prog_info`.
    let mut info: bpf_prog_info = unsafe { zeroed() };
    match read_info(program, &mut info) {
        Ok(()) => info.recursion_misses,
        Err(_) => 0,
    }
}

/// Fills in what the kernel says of an object: `bpf_btf_info` or `bpf_prog_info`, as the object is.
fn read_info<T>(object: RawFd, info: &mut T) -> io::Result<()> {
    // SAFETY: all-zero is a valid `bpf_attr`.
    let mut attr: bpf_attr = unsafe { zeroed() };
    attr.info.bpf_fd = object.cast_unsigned();
    attr.info.info = std::ptr::from_mut(info) as u64;
    attr.info.info_len = size_of::<T>() as u32;
    bpf(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr).map(|_| ())
}

pub(in crate::kernel) fn bpf(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<i32> {
    // SAFETY: every pointer in `attr` was taken from a live value of sufficient size.
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

pub(in crate::kernel) fn bpf_fd(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<OwnedFd> {
    let fd = bpf(command, attr)?;
    // SAFETY: the commands used here return a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
