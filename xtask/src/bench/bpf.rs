//! Attaches programs that do nothing, and reads what all programs cost.

use std::{
    ffi::CStr,
    io,
    mem::zeroed,
    os::fd::{AsRawFd, OwnedFd},
    path::Path,
};

use anyhow::{Context, Result};
use aya_obj::generated::{
    bpf_attach_type::{self, BPF_TRACE_FENTRY, BPF_TRACE_FEXIT, BPF_TRACE_RAW_TP},
    bpf_btf_info, bpf_cmd, bpf_insn, bpf_link_info,
    bpf_link_type::BPF_LINK_TYPE_RAW_TRACEPOINT,
    bpf_prog_info,
    bpf_prog_type::BPF_PROG_TYPE_TRACING,
};
use btf_rs::{Btf, Type};

use crate::bpf::{ask, attributes, by_id, descriptor, existing, information};

/// A place of a function or tracepoint at which a program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// A function's entry.
    Entry,
    /// A function's return.
    Exit,
    /// A tracepoint.
    Trace,
}

impl Point {
    const fn attach_type(self) -> bpf_attach_type {
        match self {
            Self::Entry => BPF_TRACE_FENTRY,
            Self::Exit => BPF_TRACE_FEXIT,
            Self::Trace => BPF_TRACE_RAW_TP,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Entry => "entry of",
            Self::Exit => "return of",
            Self::Trace => "tracepoint",
        }
    }
}

/// A program that does nothing and stays attached until this is dropped.
pub(super) struct Empty {
    _program: OwnedFd,
    _link: OwnedFd,
}

/// One program, attached by fentry, fexit or BTF tracepoint, and what it has cost so far.
#[derive(Clone, Debug)]
pub(super) struct Attached {
    /// Its place, such as `entry of iomap_dio_rw`.
    pub(super) place: String,
    /// The program's id.
    pub(super) program: u32,
    /// Number of runs while `kernel.bpf_stats_enabled` was on.
    pub(super) runs: u64,
    /// Nanoseconds of all those runs.
    pub(super) nanoseconds: u64,
    /// Instructions that the verifier processed, counted again on each path: most of the time that
    /// loading takes.
    pub(super) verified: u32,
}

/// The kernel's own types, and those of some of its modules.
pub(super) struct Types {
    objects: Vec<Object>,
}

struct Object {
    id: u32,
    /// `None` for vmlinux, whose types are the default.
    descriptor: Option<OwnedFd>,
    btf: Btf,
}

impl Types {
    /// Reads those of vmlinux and of the modules that are loaded.
    ///
    /// # Errors
    /// When this kernel has no BTF, or we lack the right to read it.
    pub(super) fn read(modules: &[&str]) -> Result<Self> {
        let directory = Path::new("/sys/kernel/btf");
        let vmlinux = Btf::from_file(directory.join("vmlinux")).context("vmlinux has no BTF")?;
        let mut objects = Vec::new();
        let mut own = 0;
        let all = existing(bpf_cmd::BPF_BTF_GET_NEXT_ID, bpf_cmd::BPF_BTF_GET_FD_BY_ID);
        for (id, descriptor) in all {
            match kernel_name(&descriptor) {
                Some(name) if name == "vmlinux" => own = id,
                Some(name) if modules.contains(&name.as_str()) => objects.push(Object {
                    id,
                    descriptor: Some(descriptor),
                    btf: Btf::from_split_file(directory.join(&name), &vmlinux)
                        .with_context(|| format!("{name} has no BTF"))?,
                }),
                _ => {}
            }
        }
        // vmlinux comes first: the ids of a module's types continue where those of vmlinux end, and
        // a module's BTF finds both.
        objects.insert(
            0,
            Object {
                id: own,
                descriptor: None,
                btf: vmlinux,
            },
        );
        Ok(Self { objects })
    }

    /// Attaches a program that does nothing; `None` where this kernel has no such function.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub(super) fn attach_empty(&self, target: &str, point: Point) -> Result<Option<Empty>> {
        let Some((object, id)) = self.find(target, point) else {
            return Ok(None);
        };
        let program = load(id, object.descriptor.as_ref(), point);
        let program = program.with_context(|| format!("{} {target}", point.word()))?;
        let mut attributes = attributes();
        attributes.raw_tracepoint.prog_fd = program.as_raw_fd().cast_unsigned();
        // SAFETY: the command takes a descriptor and a name, whose address is 0, and returns a new
        // descriptor.
        let link = unsafe { descriptor(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, &mut attributes) }
            .with_context(|| format!("attaching to {} {target}", point.word()))?;
        Ok(Some(Empty {
            _program: program,
            _link: link,
        }))
    }

    /// All programs that are attached to functions or, by BTF, to tracepoints.
    pub(super) fn attached(&self) -> Vec<Attached> {
        let mut found = Vec::new();
        let all = existing(
            bpf_cmd::BPF_LINK_GET_NEXT_ID,
            bpf_cmd::BPF_LINK_GET_FD_BY_ID,
        );
        for (_, link) in all {
            let link: bpf_link_info = information(&link);
            let Ok(program) = by_id(bpf_cmd::BPF_PROG_GET_FD_BY_ID, link.prog_id) else {
                continue;
            };
            let program: bpf_prog_info = information(&program);
            let Some(place) = self.place(&link, &program) else {
                continue;
            };
            found.push(Attached {
                place,
                program: program.id,
                runs: program.run_cnt,
                nanoseconds: program.run_time_ns,
                verified: program.verified_insns,
            });
        }
        found
    }

    fn find(&self, target: &str, point: Point) -> Option<(&Object, u32)> {
        let name = match point {
            Point::Trace => format!("btf_trace_{target}"),
            Point::Entry | Point::Exit => target.to_owned(),
        };
        self.objects.iter().find_map(|object| {
            let ids = object.btf.resolve_ids_by_name(&name).ok()?;
            let id = ids.into_iter().find(|&id| {
                matches!(
                    (object.btf.resolve_type_by_id(id), point),
                    (Ok(Type::Typedef(_)), Point::Trace)
                        | (Ok(Type::Func(_)), Point::Entry | Point::Exit)
                )
            })?;
            Some((object, id))
        })
    }

    /// The place where a link attaches its program; `None` for links of other kinds.
    fn place(&self, link: &bpf_link_info, program: &bpf_prog_info) -> Option<String> {
        // SAFETY: plain integers, valid for any kind of link.
        let tracing = unsafe { link.__bindgen_anon_1.tracing };
        let (point, object, id) = if link.type_ == BPF_LINK_TYPE_RAW_TRACEPOINT as u32 {
            let (object, id) = (program.attach_btf_obj_id, program.attach_btf_id);
            (Point::Trace, object, id)
        } else {
            let point = [Point::Entry, Point::Exit]
                .into_iter()
                .find(|point| point.attach_type() as u32 == tracing.attach_type)?;
            (point, tracing.target_obj_id, tracing.target_btf_id)
        };
        let object = self.objects.iter().find(|known| known.id == object)?;
        let name = match object.btf.resolve_type_by_id(id).ok()? {
            Type::Func(function) => object.btf.resolve_name(&function).ok()?,
            Type::Typedef(kind) => object.btf.resolve_name(&kind).ok()?,
            _ => return None,
        };
        let name = name.strip_prefix("btf_trace_").unwrap_or(&name);
        Some(format!("{} {name}", point.word()))
    }
}

/// Loads `return 0`.
fn load(id: u32, module: Option<&OwnedFd>, point: Point) -> io::Result<OwnedFd> {
    const LICENSE: &CStr = c"GPL";
    const MOVE_IMMEDIATE: u8 = 0xb7;
    const EXIT: u8 = 0x95;
    let instructions = [MOVE_IMMEDIATE, EXIT].map(|code| bpf_insn {
        code,
        // SAFETY: integers, for which all-zero is valid.
        ..unsafe { zeroed() }
    });
    let mut attributes = attributes();
    // SAFETY: writes the variant that BPF_PROG_LOAD reads.
    let load = unsafe { &mut attributes.__bindgen_anon_3 };
    load.prog_type = BPF_PROG_TYPE_TRACING as u32;
    load.expected_attach_type = point.attach_type() as u32;
    load.insns = instructions.as_ptr() as u64;
    load.insn_cnt = instructions.len() as u32;
    load.license = LICENSE.as_ptr() as u64;
    load.attach_btf_id = id;
    if let Some(module) = module {
        load.__bindgen_anon_1.attach_btf_obj_fd = module.as_raw_fd().cast_unsigned();
    }
    // SAFETY: instructions and licence outlive the call.
    unsafe { descriptor(bpf_cmd::BPF_PROG_LOAD, &mut attributes) }
}

/// The name of a BTF object of the kernel itself; `None` for others.
fn kernel_name(object: &OwnedFd) -> Option<String> {
    let mut name = [0u8; 64];
    // SAFETY: integers, for which all-zero is valid.
    let mut asked: bpf_btf_info = unsafe { zeroed() };
    asked.name = name.as_mut_ptr() as u64;
    asked.name_len = name.len() as u32;
    // SAFETY: `name` is of that length, and nobody else borrows it.
    unsafe { ask(object, &mut asked) }.ok()?;
    let name = CStr::from_bytes_until_nul(&name).ok()?.to_str().ok()?;
    (asked.kernel_btf != 0).then(|| name.to_owned())
}
