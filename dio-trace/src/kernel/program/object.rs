//! The embedded eBPF object: creates its maps, and takes its programs out of it.

use std::{
    collections::HashSet,
    os::fd::{AsFd, AsRawFd, RawFd},
};

use anyhow::{Context, Result, bail};
use aya::{
    Ebpf, EbpfLoader,
    maps::{Map, MapData},
};
use aya_obj::{
    Function, Object,
    btf::{Btf, BtfFeatures},
};
use dio_trace_ebpf::abi::{
    layout::Layout,
    settings::Settings,
    slot::{ROWS, SLOTS_TRIED},
};

use crate::kernel::{
    machine::btf::KernelTypes,
    program::{
        constants::{Constants, Globals},
        dump::Dump,
        programs::Programs,
    },
    sys::{bpf, code::Code},
};

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/dio-trace-probes"));

/// The section that the probes' constants are in.
const CONSTANTS: &str = ".rodata";
/// The map that leads to a shared program.
const SHARED: &str = "SHARED";

/// Kinds of types in the object's own BTF: those of every kernel that takes it at all. Only programs
/// with callbacks need it (`bpf_loop`, 5.17).
const BTF_FEATURES: BtfFeatures = BtfFeatures::new(true, true, true, true, true, true, true, false);

/// Whether this binary was built with the eBPF programs.
pub(in crate::kernel) const fn is_embedded() -> bool {
    !OBJECT.is_empty()
}

/// Names of all embedded programs; `None` where this was built without them.
#[cfg(test)]
pub(in crate::kernel) fn embedded_programs() -> Option<HashSet<String>> {
    is_embedded().then(|| {
        Object::parse(OBJECT)
            .unwrap()
            .programs
            .into_keys()
            .collect()
    })
}

/// Creates the maps, and makes every program ready to load.
///
/// aya loads kprobes and raw tracepoints itself. It can attach fentry and fexit only once for each
/// program and only to functions of vmlinux, while ours go to several functions, and to modules:
/// for those the programs are returned, see [`bpf`](crate::kernel::sys::bpf).
pub(in crate::kernel) fn load(
    layout: &Layout,
    settings: &Settings,
    types: &KernelTypes,
    log: bool,
) -> Result<(Ebpf, Programs)> {
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
    // Of the two ways to keep a table only one takes memory.
    let counter_rows = u32::try_from(settings.counter_rows)?;
    let (groups, rows, counter_rows) = match settings.slot_bits {
        0 => (1, ROWS, counter_rows),
        bits => ((1 << bits) / SLOTS_TRIED as u32, 1, 1),
    };
    for (slotted, hashed) in [
        ("IN_FLIGHT_SLOTS", "IN_FLIGHT"),
        ("CURRENT_SLOTS", "CURRENT"),
    ] {
        loader.map_max_entries(slotted, groups);
        loader.map_max_entries(hashed, rows);
    }
    loader.map_max_entries("COUNTER_SLOTS", 2 * groups);
    for table in ["COUNTERS_EVEN", "COUNTERS_ODD"] {
        loader.map_max_entries(table, counter_rows);
    }
    // Their memory, 8 and 2 MiB, is taken at once.
    for (table, is_used) in [
        ("STACKS", settings.stacks != 0),
        ("TRACED_PROCESSES", settings.only_traced != 0),
    ] {
        if !is_used {
            loader.map_max_entries(table, 1);
        }
    }
    let ebpf = loader.load(OBJECT).context("cannot create the eBPF maps")?;
    let programs = relocate(&ebpf, &globals, types)?;
    Ok((ebpf, programs))
}

fn relocate(ebpf: &Ebpf, globals: &Globals<'_>, types: &KernelTypes) -> Result<Programs> {
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
    object.relocate_maps(located.iter().copied(), &sections)?;
    object.relocate_calls(&sections)?;
    let (map, constants) = find_map(&located, CONSTANTS)?;
    let constants = Constants {
        map,
        bytes: constants.data().to_vec(),
    };
    let (shared_map, _) = find_map(&located, SHARED)?;
    let programs = object
        .programs
        .iter()
        .filter_map(|(name, program)| {
            let function = object.functions.get(&program.function_key())?;
            Some((name.clone(), code(function)))
        })
        .collect();
    let btf = object
        .fixup_and_sanitize_btf(&BTF_FEATURES)?
        .map(Btf::to_bytes);
    let dump = Dump::wanted(btf.as_deref());
    let btf = btf.and_then(|bytes| bpf::load_btf(&bytes).ok());
    Ok(Programs::new(
        programs, constants, shared_map, btf, types, dump,
    ))
}

/// A program as it was compiled, with the functions that it calls.
fn code(function: &Function) -> Code {
    let mut code = Code {
        instructions: function.instructions.clone(),
        functions: function.func_info.func_info.clone(),
        lines: function.line_info.line_info.clone(),
    };
    code.keep_last_lines();
    code
}

fn find_map<'a>(
    maps: &[(&str, RawFd, &'a aya_obj::Map)],
    wanted: &str,
) -> Result<(RawFd, &'a aya_obj::Map)> {
    let found = maps.iter().find(|(name, ..)| *name == wanted);
    let (_, fd, map) =
        found.with_context(|| format!("the embedded eBPF object has no map {wanted}"))?;
    Ok((*fd, *map))
}

/// A map of a kind that the probes use.
fn data(map: &Map) -> Result<&MapData> {
    match map {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::PerCpuArray(data)
        | Map::PerCpuHashMap(data)
        | Map::ProgramArray(data)
        | Map::RingBuf(data)
        | Map::StackTraceMap(data) => Ok(data),
        other => bail!("the embedded eBPF object has an unexpected kind of map: {other:?}"),
    }
}
