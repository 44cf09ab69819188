//! Turns entries of the ring buffer and rows of the counting tables into records.

use std::sync::Arc;

use bytemuck::AnyBitPattern;
use dio_trace_ebpf::{
    abi::{
        EventKind,
        counters::{CounterKey, CounterValue, OTHER_ERRNO},
        file::FileEvent,
        request::{NO_OFFENDER, RequestEvent, SEGMENTS_KEPT, state},
    },
    lifecycle::seen_length,
    rules::portability,
};

use crate::{
    kernel::{
        capture::{
            cgroups::Cgroups,
            disks::{Disks, looked},
            files::Files,
            names::Names,
        },
        machine::proc::boot_to_utc,
    },
    model::{
        Cause, DeviceNumber, Engine, Flags, Interface, Operation, Reasons, Record, Request,
        RuleSet, Timestamp, Verdict,
    },
};

/// Turns events and counters into records; remembers files, names and control groups.
#[derive(Debug)]
pub(in crate::kernel) struct Decoder {
    files: Files,
    names: Names,
    cgroups: Cgroups,
    disks: Disks,
    /// The kernel's common rules.
    rule_set: RuleSet,
    /// UTC minus `CLOCK_BOOTTIME`, nanoseconds.
    clock_offset: i64,
}

/// One entry of the ring buffer.
pub(in crate::kernel) enum Event<'e> {
    Request(&'e RequestEvent),
    File(&'e FileEvent),
}

impl Decoder {
    /// For a kernel with these common rules.
    pub(in crate::kernel) fn new(rule_set: RuleSet) -> Self {
        Self {
            files: Files::default(),
            names: Names::default(),
            cgroups: Cgroups::default(),
            disks: Disks::default(),
            rule_set,
            clock_offset: 0,
        }
    }

    /// Maps the kernel's clock to UTC again: NTP may have moved it.
    pub(in crate::kernel) fn set_clock(&mut self) {
        self.clock_offset = boot_to_utc();
    }

    /// Epoch of the memory of files: when it changes, the probes must send all files again.
    pub(in crate::kernel) const fn files_epoch(&self) -> u32 {
        self.files.epoch()
    }

    /// Remembers a file.
    pub(in crate::kernel) fn learn(&mut self, event: &FileEvent) {
        self.files.learn(event);
    }

    /// A captured request; `None` where it has a number that no probe of ours sends.
    pub(in crate::kernel) fn request(&mut self, event: &RequestEvent) -> Option<Record> {
        let request = &event.request;
        let file = self.files.get(request.origin.id);
        let limits = (request.origin.disk != 0).then_some(request.origin.limits);
        let kept = (request.segments_kept as usize).min(SEGMENTS_KEPT);
        let mut segments = request.segments.get(..kept)?.to_vec();
        if request.offending_index != NO_OFFENDER {
            segments.push(request.segments[SEGMENTS_KEPT]);
        }
        // Whatever may fail comes first: otherwise the parts made so far would be moved to where they
        // can be dropped.
        let time = i64::try_from(request.time).ok()?;
        let operation = Operation::from_number(request.operation)?;
        let interface = Interface::from_number(request.interface)?;
        let verdict = Verdict::from_number(u8::try_from(event.verdict).ok()?)?;
        let engine = Engine::from_number(request.engine)?;
        let seen_length = seen_length(request, self.rule_set);
        let seen = request.geometry.cut_to(seen_length);
        let thread = self.names.name(&request.origin.thread);
        let own_disk = file.and_then(|file| file.disk.clone());
        // For a filesystem on several devices the file's event names one, and the bios another.
        let disk = match file.and_then(|file| file.device) {
            Some(device)
                if request.origin.disk != 0
                    && device != DeviceNumber::from_kernel(request.origin.disk) =>
            {
                self.disks.name(request.origin.disk).or(own_disk)
            }
            _ => own_disk,
        };
        let checked_by = match looked(request, event, engine, self.rule_set) {
            0 => None,
            number if number == request.origin.disk => disk.clone(),
            number => self.disks.name(number),
        };
        Some(Record {
            time: Timestamp(time.saturating_add(self.clock_offset)),
            count: 1,
            bytes: request.geometry.length,
            pid: request.origin.pid,
            uid: request.origin.uid,
            comm: match request.origin.comm == request.origin.thread {
                true => Arc::clone(&thread),
                false => self.names.name(&request.origin.comm),
            },
            operation,
            interface,
            device: (request.origin.disk != 0)
                .then(|| DeviceNumber::from_kernel(request.origin.disk)),
            disk,
            filesystem: file.and_then(|file| file.filesystem.clone()),
            inode: Some(request.origin.id.inode),
            path: file.and_then(|file| file.path.clone()),
            limits,
            verdict,
            reasons: Reasons::from_bits(event.reasons),
            flags: Flags::from_bits(event.flags),
            engine: Some(engine),
            cause: Cause::from_number(u8::try_from(event.cause).ok()?),
            counted_errno: None,
            request: Some(Request {
                tid: request.origin.tid,
                thread,
                geometry: request.geometry,
                seen_length,
                segments,
                result: event.result,
                direct_bytes: request.direct_bytes,
                latency: event.latency,
                bios: request.bios,
                splits: request.splits,
                rule_sets: portability(engine, &seen, &request.origin.limits).collect(),
                checked_by,
                atomic_units: (request.state & state::ATOMIC != 0).then_some(request.atomic_units),
                user_stack: None,
                kernel_stack: None,
            }),
            cgroup: self.cgroups.path(request.origin.cgroup),
        })
    }

    /// A row of counted requests.
    pub(in crate::kernel) fn counter(
        &mut self,
        time: Timestamp,
        key: &CounterKey,
        value: CounterValue,
    ) -> Option<Record> {
        let file = self.files.get(key.file);
        let verdict = Verdict::from_number(key.verdict)?;
        let failed = matches!(verdict, Verdict::Failed | Verdict::Rejected);
        // Zero in rows of the last resort, which do not distinguish errors.
        let known = ![0, OTHER_ERRNO].contains(&key.cause_or_errno);
        Some(Record {
            time,
            count: value.count,
            bytes: value.bytes,
            pid: key.pid,
            uid: key.uid,
            comm: self.names.name(&key.comm),
            operation: Operation::from_number(key.operation)?,
            interface: Interface::from_number(key.interface)?,
            device: file.and_then(|file| file.device),
            disk: file.and_then(|file| file.disk.clone()),
            filesystem: file.and_then(|file| file.filesystem.clone()),
            inode: (key.file.inode != 0).then_some(key.file.inode),
            path: file.and_then(|file| file.path.clone()),
            limits: file.and_then(|file| file.limits),
            verdict,
            reasons: Reasons::from_bits(u32::from(key.reasons)),
            flags: Flags::from_bits(u32::from(key.flags)),
            engine: Engine::from_number(key.engine),
            cause: if failed {
                None
            } else {
                Cause::from_number(key.cause_or_errno)
            },
            counted_errno: (failed && known).then_some(key.cause_or_errno),
            request: None,
            cgroup: self.cgroups.path(key.cgroup),
        })
    }
}

/// Recognises one entry of the ring buffer; `None` where it is not one of ours.
pub(in crate::kernel) fn parse(bytes: &[u8]) -> Option<Event<'_>> {
    let kind = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?);
    match kind {
        kind if kind == EventKind::Request as u32 => view(bytes).map(Event::Request),
        kind if kind == EventKind::File as u32 => view(bytes).map(Event::File),
        _ => None,
    }
}

/// A shared type in place, in a ring buffer entry, which may be longer and is aligned to 8 bytes.
fn view<T: AnyBitPattern>(bytes: &[u8]) -> Option<&T> {
    bytemuck::try_from_bytes(bytes.get(..size_of::<T>())?).ok()
}
