//! Requests of the script, judged by the same rules as real ones.

use dio_trace_ebpf::{
    filesystems,
    rules::{Outcome, OwnBlocks, judge, portability, violations},
};

use crate::{
    model::{
        Cause, DeviceNumber, Engine, Flags, Geometry, Operation, RAW_DEVICE, Record, Request,
        RuleSet, Segment, Timestamp,
    },
    source::script::actors::{Actor, File},
};

/// The description of one request.
pub(super) struct Shape<'a> {
    pub(super) file: &'a File,
    pub(super) operation: Operation,
    pub(super) offset: u64,
    pub(super) segments: &'a [(u64, u64)],
    /// Flags that the tracer does not get from the rules.
    pub(super) flags: Flags,
}

/// The captured request that it becomes on the script's kernel.
pub(super) fn capture(actor: &Actor, shape: &Shape<'_>, time: Timestamp, latency: u64) -> Record {
    let limits = shape.file.disk.limits();
    let segments: Vec<Segment> = shape
        .segments
        .iter()
        .map(|&(address, length)| Segment { address, length })
        .collect();
    let geometry = Geometry::fold(
        shape.offset,
        segments.iter().copied(),
        limits.virt_boundary_mask,
    );
    let page_cache = falls_back(shape.file, &geometry);
    let broken = !page_cache && !violations(&geometry, &limits, RuleSet::DmaAddress).is_empty();
    let result = if broken {
        -22
    } else {
        geometry.length.cast_signed()
    };
    let direct = !broken && !page_cache;
    let engine = match page_cache {
        true => Engine::None,
        false => engine(shape.file),
    };
    let outcome = Outcome {
        result,
        direct_bytes: if direct { geometry.length } else { 0 },
        bios: u32::from(direct),
        is_write: shape.operation == Operation::Write,
        own_blocks: match always_own_blocks(shape.file) {
            true => OwnBlocks::Always,
            false => OwnBlocks::None,
        },
        whole_page_device: shape.file.disk.name().starts_with("zram"),
        ..Outcome::whole(&geometry, &limits, engine)
    };
    let judgement = judge(&geometry, &limits, RuleSet::DmaAddress, &outcome);
    Record {
        verdict: judgement.verdict,
        reasons: judgement.reasons,
        flags: judgement.flags.union(shape.flags),
        engine: Some(engine),
        cause: (page_cache && judgement.reasons.is_empty()).then_some(Cause::Checksums),
        counted_errno: None,
        request: Some(Request {
            tid: actor.pid + 7,
            thread: actor.thread.into(),
            geometry,
            seen_length: geometry.length,
            checked_by: None,
            atomic_units: None,
            segments,
            result,
            direct_bytes: outcome.direct_bytes,
            latency,
            bios: outcome.bios,
            splits: 0,
            rule_sets: portability(engine, &geometry, &limits).collect(),
            user_stack: None,
            kernel_stack: None,
        }),
        ..counted(actor, shape, time, 1, geometry.length)
    }
}

/// `count` aligned requests that were only counted.
pub(super) fn counted(
    actor: &Actor,
    shape: &Shape<'_>,
    time: Timestamp,
    count: u64,
    bytes: u64,
) -> Record {
    let disk = shape.file.disk;
    let (major, minor) = disk.number();
    Record {
        time,
        count,
        bytes,
        pid: actor.pid,
        uid: actor.uid,
        comm: actor.comm.into(),
        cgroup: Some(actor.cgroup.into()),
        operation: shape.operation,
        interface: actor.interface,
        device: Some(DeviceNumber { major, minor }),
        disk: Some(disk.name().into()),
        filesystem: Some(shape.file.filesystem.into()),
        inode: Some(shape.file.inode),
        path: Some(shape.file.path.into()),
        limits: Some(disk.limits()),
        verdict: crate::model::Verdict::Aligned,
        reasons: crate::model::Reasons::NONE,
        flags: shape.flags,
        engine: Some(engine(shape.file)),
        cause: None,
        counted_errno: None,
        request: None,
    }
}

/// The engine of direct requests to a file.
fn engine(file: &File) -> Engine {
    match file.filesystem {
        RAW_DEVICE => Engine::Block,
        _ => Engine::Iomap,
    }
}

/// Whether the file's filesystem measures all of each request by its own blocks.
fn always_own_blocks(file: &File) -> bool {
    filesystems::of_type(file.filesystem)
        .is_some_and(|filesystem| filesystem.own_blocks == OwnBlocks::Always)
}

/// Applies the rule of such a filesystem: requests that are not whole blocks of 4096 bytes go through
/// the page cache.
fn falls_back(file: &File, geometry: &Geometry) -> bool {
    let bits = geometry.address_bits | geometry.length_bits | (geometry.offset & 4095) as u32;
    always_own_blocks(file) && bits & 4095 != 0
}
