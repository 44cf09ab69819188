//! Loads programs of the tracing type, and asks the verifier for its reason where it refuses one.
//!
//! `DIO_TRACE_VERIFIER_LOG=1` loads programs with source lines. It prints all that the verifier says of a
//! refused one, and all that it says of the same program as it was compiled. If the kernel takes the
//! latter, the optimiser is at fault (`program::optimise`).

use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
};

use aya_obj::generated::{
    bpf_attach_type, bpf_cmd, bpf_func_info, bpf_line_info, bpf_prog_type::BPF_PROG_TYPE_TRACING,
};

use crate::kernel::sys::{
    bpf::{bpf_fd, count, load_attr},
    code::Code,
    refusal::{Refusal, is_log_wanted},
};

/// Function or tracepoint that a tracing program is loaded for.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Target<'a> {
    /// Id of the function, or of the tracepoint's type, in its BTF.
    pub(in crate::kernel) btf_id: u32,
    /// BTF of the module it lives in; `None` for vmlinux.
    pub(in crate::kernel) module: Option<&'a OwnedFd>,
    /// How: `BPF_TRACE_FENTRY`, `BPF_TRACE_FEXIT` or `BPF_TRACE_RAW_TP`.
    pub(in crate::kernel) attach_type: bpf_attach_type,
}

/// A program to load.
#[derive(Debug)]
pub(in crate::kernel) struct Program<'a> {
    /// Its name in the embedded object.
    pub(in crate::kernel) name: &'a str,
    pub(in crate::kernel) code: Code,
    /// The same program without optimisation, to compare where it is refused: only where
    /// [`is_log_wanted`].
    pub(in crate::kernel) plain: Option<Code>,
    /// The object's own BTF, where the kernel takes it.
    pub(in crate::kernel) btf: Option<&'a OwnedFd>,
}

/// Loads a program for its target.
///
/// # Errors
/// The kernel's errno, with the verifier's last line where it refused the program.
pub(in crate::kernel) fn load(
    program: &Program<'_>,
    target: Target<'_>,
) -> Result<OwnedFd, Refusal> {
    // They take memory in the kernel.
    let lines = if is_log_wanted() {
        &program.code.lines[..]
    } else {
        &[]
    };
    let error = match try_load(program.btf, target, &program.code, lines, None) {
        Ok(program) => return Ok(program),
        Err(error) => error,
    };
    // Once more, for the verifier's reason.
    let log = match load_with_log(program.btf, target, &program.code) {
        Ok(program) => return Ok(program),
        Err(log) => log,
    };
    if let Some(plain) = &program.plain {
        let plain = match load_with_log(program.btf, target, plain) {
            Ok(_) => "the kernel takes it".to_owned(),
            Err(log) => log,
        };
        let name = program.name;
        eprintln!("verifier of {name}: {log}\nverifier of {name} as compiled: {plain}");
    }
    Err(Refusal::new(&error, &log))
}

/// Loads a program again. Where the kernel refuses it again: its log, with source lines where all of it
/// is wanted.
fn load_with_log(
    btf: Option<&OwnedFd>,
    target: Target<'_>,
    code: &Code,
) -> Result<OwnedFd, String> {
    /// Bytes for a refusal, which is short.
    const SHORT: usize = 1 << 20;
    /// Bytes for every path through a large program.
    const LONG: usize = 16 << 20;
    let is_wanted = is_log_wanted();
    let mut log = vec![0; if is_wanted { LONG } else { SHORT }];
    let lines = if is_wanted { &code.lines[..] } else { &[] };
    let mut again = |lines| {
        let result = try_load(btf, target, code, lines, Some(&mut log));
        result.map_err(|_| {
            let end = log.iter().position(|&byte| byte == 0).unwrap_or(log.len());
            String::from_utf8_lossy(&log[..end]).into_owned()
        })
    };
    match again(lines) {
        // It refuses lines unless each function begins with one.
        Err(log) if log.contains("line_info") => again(&[]),
        result => result,
    }
}

/// Loads a program; with the verifier's log, where there is room for it.
fn try_load(
    btf: Option<&OwnedFd>,
    target: Target<'_>,
    code: &Code,
    lines: &[bpf_line_info],
    log: Option<&mut [u8]>,
) -> io::Result<OwnedFd> {
    let mut attr = load_attr(BPF_PROG_TYPE_TRACING, &code.instructions);
    attr.__bindgen_anon_3.expected_attach_type = target.attach_type as u32;
    if let Some(btf) = btf {
        attr.__bindgen_anon_3.prog_btf_fd = btf.as_raw_fd().cast_unsigned();
        attr.__bindgen_anon_3.func_info_rec_size = size_of::<bpf_func_info>() as u32;
        attr.__bindgen_anon_3.func_info = code.functions.as_ptr() as u64;
        attr.__bindgen_anon_3.func_info_cnt = count(&code.functions);
        attr.__bindgen_anon_3.line_info_rec_size = size_of::<bpf_line_info>() as u32;
        attr.__bindgen_anon_3.line_info = lines.as_ptr() as u64;
        attr.__bindgen_anon_3.line_info_cnt = count(lines);
    }
    attr.__bindgen_anon_3.attach_btf_id = target.btf_id;
    if let Some(module) = target.module {
        attr.__bindgen_anon_3.__bindgen_anon_1.attach_btf_obj_fd =
            module.as_raw_fd().cast_unsigned();
    }
    if let Some(log) = log {
        attr.__bindgen_anon_3.log_level = 1;
        attr.__bindgen_anon_3.log_buf = log.as_mut_ptr() as u64;
        attr.__bindgen_anon_3.log_size = count(log);
    }
    // SAFETY: instructions, functions, lines and licence are as many as is said, and outlive the call;
    // so does the log, which nobody else borrows.
    unsafe { bpf_fd(bpf_cmd::BPF_PROG_LOAD, &mut attr) }
}
