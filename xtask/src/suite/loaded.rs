//! Checks the programs that dio-trace has loaded, as the kernel describes them: source lines, and the
//! stack of shared ones.

use std::{collections::HashSet, mem::zeroed, os::fd::AsRawFd};

use aya_obj::generated::{
    bpf_cmd, bpf_map_info, bpf_map_type::BPF_MAP_TYPE_PROG_ARRAY, bpf_prog_info,
    bpf_prog_type::BPF_PROG_TYPE_TRACING,
};

use super::{outcome::Outcome, setting::Setting};
use crate::bpf::{ask, attributes, call, existing, information};

/// A program of the tracing type.
struct Loaded {
    /// Whether some other program passes on to it.
    is_shared: bool,
    has_lines: bool,
    has_own_stack: bool,
}

/// Traces for a moment, with programs that have source lines.
pub(super) fn run(setting: &Setting, outcome: &mut Outcome) -> anyhow::Result<()> {
    let tracer = setting.tracer.with_variable("DIO_TRACE_VERIFIER_LOG", "1");
    let path = setting.work.join("loaded.arrow");
    let recording = tracer.record(&path, &[])?;
    let loaded = loaded();
    recording.stop()?;
    check_lines(&loaded, outcome);
    check_stacks(&loaded, outcome);
    Ok(())
}

/// The optimiser moves source lines with the instructions. The kernel checks that they ascend, and that
/// every function has one; dio-trace then does without them.
fn check_lines(loaded: &[Loaded], outcome: &mut Outcome) {
    let without = loaded.iter().filter(|one| !one.has_lines).count();
    outcome.check(
        "the kernel accepts the source lines of every program",
        without == 0 && !loaded.is_empty(),
        format!("{} programs, {without} without", loaded.len()),
    );
}

/// From 6.13 on the kernel gives programs a stack for each CPU, which a preempted task must not leave to
/// another one: shared programs stay on the task's stack (`program::task_stack` of dio-trace).
fn check_stacks(loaded: &[Loaded], outcome: &mut Outcome) {
    const NAME: &str = "shared programs stay on the stack of the task";
    let shared = loaded.iter().filter(|one| one.is_shared);
    let own = |one: &&Loaded| one.has_own_stack;
    // Without any, this kernel has none, or its code cannot be read.
    if !loaded.iter().any(|one| one.has_own_stack) {
        return outcome.skip(NAME, "no program has a stack of its own");
    }
    let (number, moved) = (shared.clone().count(), shared.filter(own).count());
    outcome.check(
        NAME,
        number != 0 && moved == 0,
        format!("{number} shared programs, {moved} on another stack"),
    );
}

fn loaded() -> Vec<Loaded> {
    let shared = shared();
    let programs = existing(
        bpf_cmd::BPF_PROG_GET_NEXT_ID,
        bpf_cmd::BPF_PROG_GET_FD_BY_ID,
    );
    let mut loaded = Vec::new();
    for (id, program) in programs {
        let info: bpf_prog_info = information(&program);
        if info.type_ != BPF_PROG_TYPE_TRACING as u32 {
            continue;
        }
        let has_lines = info.nr_line_info != 0;
        let mut code = vec![0_u8; info.jited_prog_len as usize];
        // SAFETY: integers and addresses, for which all-zero is valid.
        let mut wanted: bpf_prog_info = unsafe { zeroed() };
        wanted.jited_prog_len = info.jited_prog_len;
        wanted.jited_prog_insns = code.as_mut_ptr() as u64;
        // SAFETY: `code` is of that length, and nobody else borrows it.
        let read = unsafe { ask(&program, &mut wanted) };
        loaded.push(Loaded {
            is_shared: shared.contains(&id),
            has_lines,
            has_own_stack: read.is_ok() && uses_stack_of_cpu(&code),
        });
    }
    loaded
}

/// Ids of the programs in maps that hold a single one.
fn shared() -> HashSet<u32> {
    let maps = existing(bpf_cmd::BPF_MAP_GET_NEXT_ID, bpf_cmd::BPF_MAP_GET_FD_BY_ID);
    let programs = maps.filter_map(|(_, map)| {
        let info: bpf_map_info = information(&map);
        if info.type_ != BPF_MAP_TYPE_PROG_ARRAY as u32 || info.max_entries != 1 {
            return None;
        }
        let (slot, mut program) = (0_u32, 0_u32);
        let mut attributes = attributes();
        attributes.__bindgen_anon_2.map_fd = map.as_raw_fd().cast_unsigned();
        attributes.__bindgen_anon_2.key = (&raw const slot) as u64;
        attributes.__bindgen_anon_2.__bindgen_anon_1.value = (&raw mut program) as u64;
        // SAFETY: key and value of such a map are of that size, and nobody else borrows them.
        unsafe { call(bpf_cmd::BPF_MAP_LOOKUP_ELEM, &mut attributes) }.ok()?;
        Some(program)
    });
    programs.collect()
}

/// Whether machine code finds its stack by CPU: `add r9, gs:[this_cpu_off]`, which the compiler of
/// programs emits for nothing else (`emit_priv_frame_ptr`, `arch/x86/net/bpf_jit_comp.c`).
fn uses_stack_of_cpu(code: &[u8]) -> bool {
    const ADD_CPU_OFFSET_TO_R9: [u8; 5] = [0x65, 0x4c, 0x03, 0x0c, 0x25];
    code.windows(ADD_CPU_OFFSET_TO_R9.len())
        .any(|code| code == ADD_CPU_OFFSET_TO_R9)
}
