//! Kprobe programs, and the one that goes on with long lists of segments. aya loads and attaches them.

use std::{
    error::Error,
    os::fd::{AsFd, AsRawFd},
};

use aya::{
    Ebpf,
    maps::{MapData, ProgramArray},
    programs::{KProbe, ProgramError, ProgramFd},
};
use dio_trace_ebpf::abi::request::WALKER;

use crate::kernel::{
    attach::{error::AttachError, missed::Misses},
    sys::refusal::{Refusal, is_log_wanted},
};

/// A kprobe or kretprobe program, loaded when it is first asked for. Its skipped runs count as
/// missed requests from then on.
pub(in crate::kernel) fn loaded<'a>(
    ebpf: &'a mut Ebpf,
    name: &str,
    misses: &mut Misses,
) -> Result<&'a mut KProbe, AttachError> {
    let program: &mut KProbe = ebpf
        .program_mut(name)
        .ok_or_else(|| no_program(name))?
        .try_into()
        .map_err(|error| load_error(&error))?;
    if program.fd().is_err() {
        program.load().map_err(|error| load_error(&error))?;
        misses.watch_kprobe(fd_of(program)?.as_fd().as_raw_fd());
    }
    Ok(program)
}

/// Attaches a loaded program to a function: to its entry, or to its return if it is a kretprobe.
pub(in crate::kernel) fn attach(program: &mut KProbe, function: &str) -> Result<(), AttachError> {
    let attached = program.attach(function, 0).map(drop);
    attached.map_err(|error| attach_error(&error))
}

/// The descriptor of a loaded program.
pub(in crate::kernel) fn fd_of(program: &KProbe) -> Result<&ProgramFd, AttachError> {
    program.fd().map_err(|error| load_error(&error))
}

/// The map through which entry programs pass on what is left of a long list of segments, on kernels
/// without `bpf_loop`. The kernel empties it when nobody has it open.
pub(in crate::kernel) struct SegmentWalker {
    _map: ProgramArray<MapData>,
}

impl SegmentWalker {
    /// Loads the program that goes on with the segments, and puts it into the map.
    ///
    /// # Errors
    /// Where the kernel refuses the program.
    pub(in crate::kernel) fn load(
        ebpf: &mut Ebpf,
        misses: &mut Misses,
    ) -> Result<Self, AttachError> {
        let (program, map) = WALKER;
        let bad_map = |error: &dyn Error| {
            AttachError::BadObject(format!("the map {map} cannot be used: {}", in_full(error)))
        };
        let program = fd_of(loaded(ebpf, program, misses)?)?
            .try_clone()
            .map_err(|error| bad_map(&error))?;
        let mut walker: ProgramArray<MapData> = ebpf
            .take_map(map)
            .ok_or_else(|| {
                AttachError::BadObject(format!("the embedded eBPF object has no map {map}"))
            })?
            .try_into()
            .map_err(|error| bad_map(&error))?;
        walker
            .set(0, &program, 0)
            .map_err(|error| bad_map(&error))?;
        Ok(Self { _map: walker })
    }
}

/// The embedded object has no program of this name.
pub(in crate::kernel) fn no_program(name: &str) -> AttachError {
    AttachError::BadObject(format!("the embedded eBPF object has no program {name}"))
}

/// An error of aya on loading, without the verifier's whole log, which aya puts into its own.
pub(in crate::kernel) fn load_error(error: &ProgramError) -> AttachError {
    match error {
        ProgramError::LoadError {
            io_error,
            verifier_log,
        } => {
            let log = verifier_log.to_string();
            if is_log_wanted() {
                eprintln!("verifier: {log}");
            }
            AttachError::Refused(Refusal::new(io_error, &log))
        }
        other => AttachError::BadObject(in_full(other)),
    }
}

/// An error of aya on attaching.
pub(in crate::kernel) fn attach_error(error: &ProgramError) -> AttachError {
    AttachError::NotAttached(in_full(error))
}

/// An error with its causes.
fn in_full(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
