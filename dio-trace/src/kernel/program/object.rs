//! The embedded eBPF object, and its maps in the kernel.

use std::{
    collections::{HashMap, HashSet},
    os::fd::{AsFd, AsRawFd, OwnedFd, RawFd},
    sync::OnceLock,
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
use bytemuck::bytes_of;
use dio_trace_ebpf::abi::{
    layout::{LAYOUT_GLOBAL, Layout},
    settings::{SETTINGS_GLOBAL, Settings},
    slot::{ROWS, SLOTS_TRIED},
};

use crate::kernel::{
    machine::{btf::KernelTypes, features},
    program::{
        optimise::{self, constant_loads},
        task_stack,
        wrap::Unpreempted,
    },
    sys::{
        bpf::{self, Program},
        instruction,
    },
};

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/dio-trace-probes"));

/// The section that the probes' constants are in.
const CONSTANTS: &str = ".rodata";
/// The map that leads to a shared program.
const SHARED: &str = "SHARED";

/// Constants that the probes are loaded with, as bytes.
struct Globals<'a>([(&'static str, &'a [u8]); 3]);

impl<'a> Globals<'a> {
    fn new(layout: &'a Layout, settings: &'a Settings, log_level: &'a u8) -> Self {
        Self([
            (LAYOUT_GLOBAL, bytes_of(layout)),
            (SETTINGS_GLOBAL, bytes_of(settings)),
            (aya_log::LEVEL, bytes_of(log_level)),
        ])
    }
}

/// Every program, with maps and constants filled in.
pub(in crate::kernel) struct Programs {
    programs: HashMap<String, Prepared>,
    constants: Vec<u8>,
    constants_map: RawFd,
    shared_map: RawFd,
    btf: Option<OwnedFd>,
    unpreempted: Option<Unpreempted>,
    has_private_stacks: bool,
}

/// A program with its maps, and also with its constants once it is asked for.
struct Prepared {
    without_constants: Function,
    whole: OnceLock<Function>,
}

impl Programs {
    /// One that does its work where it is attached.
    pub(in crate::kernel) fn of(&self, program: &str) -> Result<Program<'_>> {
        let mut program = self.with_constants(program)?;
        if let Some(unpreempted) = self.unpreempted {
            unpreempted.wrap(&mut program.instructions, &mut program.functions);
        }
        Ok(program)
    }

    /// The same for one that others pass on to.
    pub(in crate::kernel) fn shared(&self, program: &str) -> Result<Program<'_>> {
        let mut program = self.of(program)?;
        if self.has_private_stacks {
            task_stack::keep_on_task_stack(&mut program.instructions, &mut program.functions);
        }
        Ok(program)
    }

    /// One that passes on to the program in a map of its own: what passes on may not ask for anything
    /// that it would have to give back.
    pub(in crate::kernel) fn passing_on(&self, program: &str, to: RawFd) -> Result<Program<'_>> {
        let mut program = self.with_constants(program)?;
        instruction::replace_map(&mut program.instructions, self.shared_map, to);
        Ok(program)
    }

    /// Whether they keep the kernel from preempting them.
    pub(in crate::kernel) const fn are_unpreempted(&self) -> bool {
        self.unpreempted.is_some()
    }

    fn with_constants(&self, program: &str) -> Result<Program<'_>> {
        let prepared = self
            .programs
            .get(program)
            .with_context(|| format!("the embedded eBPF object has no program {program}"))?;
        let function = prepared.whole.get_or_init(|| {
            let mut function = prepared.without_constants.clone();
            let instructions = &mut function.instructions;
            constant_loads::inline(instructions, self.constants_map, &self.constants);
            optimise::simplify(instructions, &mut function.func_info.func_info);
            function
        });
        Ok(Program {
            instructions: function.instructions.clone(),
            functions: function.func_info.func_info.clone(),
            btf: self.btf.as_ref(),
        })
    }
}

/// What the object's own BTF may hold: that of every kernel that takes it at all. Only programs
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
    let (constants_map, constants) = find_map(&located, CONSTANTS)?;
    let constants = constants.data().to_vec();
    let (shared_map, _) = find_map(&located, SHARED)?;
    let programs = object
        .programs
        .iter()
        .filter_map(|(name, program)| {
            let prepared = Prepared {
                without_constants: object.functions.get(&program.function_key())?.clone(),
                whole: OnceLock::new(),
            };
            Some((name.clone(), prepared))
        })
        .collect();
    let btf = object
        .fixup_and_sanitize_btf(&BTF_FEATURES)?
        .map(Btf::to_bytes);
    let btf = btf.and_then(|bytes| bpf::load_btf(&bytes).ok());
    Ok(Programs {
        programs,
        constants,
        constants_map,
        shared_map,
        btf,
        unpreempted: Unpreempted::of_running_kernel(types),
        has_private_stacks: features::has_private_stacks(types),
    })
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

/// The kinds of map that the probes use.
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
