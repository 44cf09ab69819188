//! Tracepoints: programs that know the types of the arguments (`tp_btf`), and raw ones.

use aya::{Ebpf, programs::RawTracePoint};
use aya_obj::generated::bpf_attach_type::BPF_TRACE_RAW_TP;

use crate::kernel::{
    attach::{
        error::AttachError,
        kprobe::{attach_error, load_error, no_program},
    },
    program::programs::Programs,
    sys::bpf::{self, Link, Target},
};

/// Attaches copies of a program to the tracepoint whose type has this id in vmlinux' BTF.
///
/// # Errors
/// Where the kernel refuses the program, or does not attach it.
pub(in crate::kernel) fn attach_btf(
    programs: &Programs,
    program: &str,
    btf_id: u32,
    copies: usize,
) -> Result<Vec<Link>, AttachError> {
    let target = Target {
        btf_id,
        module: None,
        attach_type: BPF_TRACE_RAW_TP,
    };
    let program = programs
        .whole(program)
        .map_err(|error| AttachError::bad_object(&error))?;
    (0..copies)
        .map(|_| {
            let loaded = bpf::load(&program, target)?;
            bpf::link(loaded).map_err(|error| AttachError::not_attached(&error))
        })
        .collect()
}

/// Attaches a program that takes the arguments as numbers.
///
/// # Errors
/// Where the kernel refuses the program, or does not attach it.
pub(in crate::kernel) fn attach_raw(
    ebpf: &mut Ebpf,
    program: &str,
    tracepoint: &str,
) -> Result<(), AttachError> {
    let program: &mut RawTracePoint = ebpf
        .program_mut(program)
        .ok_or_else(|| no_program(program))?
        .try_into()
        .map_err(|error| load_error(&error))?;
    if program.fd().is_err() {
        program.load().map_err(|error| load_error(&error))?;
    }
    let attached = program.attach(tracepoint).map(drop);
    attached.map_err(|error| attach_error(&error))
}
