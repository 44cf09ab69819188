//! The disk that looked at a request, and the names of disks.

use std::sync::Arc;

use dio_trace_ebpf::abi::request::{Request as InFlight, RequestEvent, state};

use crate::{
    hash::Map,
    kernel::machine::block::block_device,
    model::{DeviceNumber, Engine, Flag, Flags, RuleSet, Verdict},
};

/// Names of disks by their number, as the kernel's `dev_t`.
#[derive(Debug, Default)]
pub(super) struct Disks(Map<u32, Option<Arc<str>>>);

impl Disks {
    /// More than are in use at a time: numbers are given to other disks after a while.
    const CAPACITY: usize = 1_024;

    /// The name of one; `None` where the system does not know it.
    pub(super) fn name(&mut self, number: u32) -> Option<Arc<str>> {
        if self.0.len() >= Self::CAPACITY {
            self.0.clear();
        }
        let name = self.0.entry(number).or_insert_with(|| {
            block_device(DeviceNumber::from_kernel(number)).map(|device| device.disk.into())
        });
        name.clone()
    }
}

/// Whether nobody looks at the alignment of requests with this flag.
const fn nobody_looks(flag: Flag) -> bool {
    match flag {
        Flag::Hole | Flag::Copied | Flag::Unchecked | Flag::WouldBlock => true,
        Flag::Short
        | Flag::Late
        | Flag::Serialised
        | Flag::Probing
        | Flag::EndOfFile
        | Flag::Extends
        | Flag::ReadModifyWrite
        | Flag::Atomic => false,
    }
}

/// The disk whose limits were really applied to a request, as the kernel's `dev_t`; 0 where nobody
/// looked, or where it is not known.
pub(super) fn looked(
    request: &InFlight,
    event: &RequestEvent,
    engine: Engine,
    kernel: RuleSet,
) -> u32 {
    let flags = Flags::from_bits(event.flags);
    let verdict = u8::try_from(event.verdict)
        .ok()
        .and_then(Verdict::from_number);
    let refused = verdict == Some(Verdict::Rejected);
    let nobody = verdict == Some(Verdict::Buffered)
        || !engine.has_rules()
        || request.state & state::NO_RULE != 0
        || flags.iter().any(nobody_looks);
    if nobody || engine == Engine::None && !refused {
        return 0;
    }
    match engine.rule_set(kernel) {
        RuleSet::Unknown => 0,
        RuleSet::DmaSegmentLate if request.bios != 0 => match request.applied_disk {
            0 if request.state & (state::DEVICE_LOOKS | state::TARGET_LOOKS) == 0 => 0,
            0 => request.origin.disk,
            below => below,
        },
        // Total length and offset are looked at before there is a bio.
        RuleSet::DmaSegmentLate if !refused => 0,
        _ => request.origin.disk,
    }
}
