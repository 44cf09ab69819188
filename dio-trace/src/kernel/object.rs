//! The embedded eBPF object, and its maps in the kernel.

use std::{
    collections::{HashMap, HashSet},
    os::fd::{AsFd, AsRawFd, RawFd},
};

use anyhow::{Context, Result, bail};
use aya::{
    Ebpf, EbpfLoader,
    maps::{Map, MapData},
};
use aya_obj::{Object, generated::bpf_insn};
use dio_trace_ebpf::abi::{
    layout::{LAYOUT_GLOBAL, Layout},
    settings::{SETTINGS_GLOBAL, Settings},
};

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/dio-trace-probes"));

/// Constants that the probes are loaded with, as bytes.
struct Globals<'a>([(&'static str, &'a [u8]); 3]);

impl<'a> Globals<'a> {
    const fn new(layout: &'a Layout, settings: &'a Settings, log_level: &'a u8) -> Self {
        Self([
            (LAYOUT_GLOBAL, bytes_of(layout)),
            (SETTINGS_GLOBAL, bytes_of(settings)),
            (aya_log::LEVEL, bytes_of(log_level)),
        ])
    }
}

/// Bytes of a shared type.
const fn bytes_of<T: Copy>(value: &T) -> &[u8] {
    // SAFETY: the shared types are `repr(C)` integers without padding, and live as long as the
    // borrow.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast(), size_of::<T>()) }
}

/// Instructions of every program, with maps and constants filled in.
pub(super) struct Instructions(HashMap<String, Vec<bpf_insn>>);

impl Instructions {
    /// Those of one program.
    pub(super) fn of(&self, program: &str) -> Result<&[bpf_insn]> {
        self.0
            .get(program)
            .map(Vec::as_slice)
            .with_context(|| format!("the embedded eBPF object has no program {program}"))
    }
}

/// Whether this binary was built with the eBPF programs.
pub(super) const fn is_embedded() -> bool {
    !OBJECT.is_empty()
}

/// Creates the maps, and makes every program ready to load.
///
/// aya loads kprobes and raw tracepoints itself. It can attach fentry and fexit only once for each
/// program and only to functions of vmlinux, while ours go to several functions, and to modules:
/// for those the instructions are returned, see [`tracing`](super::tracing).
pub(super) fn load(
    layout: &Layout,
    settings: &Settings,
    counter_rows: u32,
    log: bool,
) -> Result<(Ebpf, Instructions)> {
    if OBJECT.is_empty() {
        bail!(
            "this dio-trace was built without its eBPF programs: it reads recordings, but cannot \
             trace. Build it with `cargo xtask build`"
        );
    }
    // 0 is below every level: the verifier drops each message as dead code.
    let log_level = if log { aya_log::Level::Debug as u8 } else { 0 };
    let globals = Globals::new(layout, settings, &log_level);
    let mut loader = EbpfLoader::new();
    for (name, bytes) in globals.0 {
        loader.override_global(name, bytes, true);
    }
    for table in ["COUNTERS_EVEN", "COUNTERS_ODD"] {
        loader.map_max_entries(table, counter_rows);
    }
    let ebpf = loader.load(OBJECT).context("cannot create the eBPF maps")?;
    let instructions = relocate(&ebpf, &globals)?;
    Ok((ebpf, instructions))
}

fn relocate(ebpf: &Ebpf, globals: &Globals<'_>) -> Result<Instructions> {
    let mut object = Object::parse(OBJECT).context("the embedded eBPF object is damaged")?;
    object.patch_map_data(
        globals
            .0
            .iter()
            .map(|&(name, bytes)| (name, (bytes, true)))
            .collect(),
    )?;
    let sections: HashSet<usize> = object
        .functions
        .keys()
        .map(|&(section, _)| section)
        .collect();
    let maps = std::mem::take(&mut object.maps);
    let mut located: Vec<(&str, RawFd, &aya_obj::Map)> = Vec::new();
    for (name, map) in &maps {
        let in_kernel = ebpf
            .map(name)
            .with_context(|| format!("aya did not create the map {name}"))?;
        located.push((
            name.as_str(),
            data(in_kernel)?.fd().as_fd().as_raw_fd(),
            map,
        ));
    }
    object.relocate_maps(located.into_iter(), &sections)?;
    object.relocate_calls(&sections)?;
    let instructions = object
        .programs
        .iter()
        .map(|(name, program)| {
            let function = object.functions.get(&program.function_key());
            let instructions = function.map(|function| function.instructions.clone());
            (name.clone(), instructions.unwrap_or_default())
        })
        .collect();
    Ok(Instructions(instructions))
}

/// The kinds of map that the probes use.
fn data(map: &Map) -> Result<&MapData> {
    match map {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::LruHashMap(data)
        | Map::PerCpuArray(data)
        | Map::PerCpuHashMap(data)
        | Map::RingBuf(data)
        | Map::StackTraceMap(data) => Ok(data),
        other => bail!("the embedded eBPF object has an unexpected kind of map: {other:?}"),
    }
}
