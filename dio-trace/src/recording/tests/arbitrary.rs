//! Strategies for arbitrary records.

use std::sync::Arc;

use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::model::{
    AtomicUnits, Batch, Cause, DeviceNumber, Engine, Environment, Flag, Flags, Geometry, Interface,
    Limits, Loss, LossCause, Operation, Reason, Reasons, Record, Request, RuleSet, RuleSets,
    Segment, Timestamp, Verdict,
};

pub(crate) fn environment() -> Environment {
    Environment {
        tool_version: "0.1.0".to_owned(),
        host: "db1".to_owned(),
        kernel_release: "6.12.117".to_owned(),
        architecture: "x86_64".to_owned(),
        cpus: 2,
        rule_set: RuleSet::DmaAddress,
        evidence: Vec::new(),
        command_line: vec!["dio-trace".to_owned(), "record".to_owned()],
        traced_command: None,
        started: Timestamp(1_795_000_000_000_000_000),
        clock: "CLOCK_BOOTTIME mapped to UTC at each batch".to_owned(),
        filters: Vec::new(),
        attachments: Vec::new(),
        devices: Vec::new(),
    }
}

fn text() -> impl Strategy<Value = Arc<str>> {
    prop_oneof![
        "[a-z]{0,8}",
        "\\PC{0,20}",
        "[\u{0}-\u{1f}\"\\\\,;\u{7f}\u{9b}]{0,6}"
    ]
    .prop_map(|text| text.as_str().into())
}

fn texts() -> impl Strategy<Value = Option<Vec<Arc<str>>>> {
    option::of(vec(text(), 0..4))
}

prop_compose! {
    fn limits()(numbers: [u32; 5]) -> Limits {
        Limits {
            logical_block_size: numbers[0],
            physical_block_size: numbers[1],
            dma_alignment: numbers[2],
            virt_boundary_mask: numbers[3],
            filesystem_block_size: numbers[4],
        }
    }
}

prop_compose! {
    fn geometry()(big: [u64; 2], small: [u32; 10]) -> Geometry {
        Geometry {
            offset: big[0],
            length: big[1],
            segment_count: small[0],
            merged_count: small[1],
            address_bits: small[2],
            length_bits: small[3],
            merged_address_bits: small[4],
            merged_length_bits: small[5],
            gap_bits: small[6],
            split_bits: small[7],
            first_page_offset: small[8],
            empty_address_bits: small[9],
        }
    }
}

fn segment() -> impl Strategy<Value = Segment> {
    (any::<u64>(), any::<u64>()).prop_map(|(address, length)| Segment { address, length })
}

fn rule_sets() -> impl Strategy<Value = RuleSets> {
    (0u32..16).prop_map(RuleSets::from_bits)
}

prop_compose! {
    fn request()(
        geometry in geometry(),
        segments in vec(segment(), 0..18),
        rule_sets in rule_sets(),
        thread in text(),
        stacks in (texts(), texts()),
        numbers: [u32; 3],
        big: [u64; 3],
        units in option::of((any::<u32>(), any::<u32>())),
        checked_by in option::of(text()),
        result: i64,
    ) -> Request {
        Request {
            tid: numbers[0],
            thread,
            geometry,
            seen_length: big[2],
            checked_by,
            atomic_units: units.map(|(min, max)| AtomicUnits { min, max }),
            segments,
            result,
            direct_bytes: big[0],
            latency: big[1],
            bios: numbers[1],
            splits: numbers[2],
            rule_sets,
            user_stack: stacks.0,
            kernel_stack: stacks.1,
        }
    }
}

prop_compose! {
    pub(crate) fn record()(
        who in (any::<u32>(), any::<u32>(), text(), option::of(text())),
        place in (
            option::of((any::<u32>(), any::<u32>())),
            option::of(text()),
            option::of(text()),
            option::of(any::<u64>()),
            option::of(text()),
        ),
        limits in option::of(limits()),
        words in (
            select(Operation::ALL),
            select(Interface::ALL),
            select(Verdict::ALL),
            0u32..1 << Reason::ALL.len(),
            0u32..1 << Flag::ALL.len(),
            option::of(select(Engine::ALL)),
            option::of(select(Cause::ALL)),
        ),
        // Limited to the numbers that JSON readers hold exactly.
        amounts in (1u64..1 << 53, 0u64..1 << 53),
        time in 0i64..4_000_000_000_000_000_000,
        errno in option::of(1u8..),
        request in option::of(request()),
    ) -> Record {
        Record {
            time: Timestamp(time),
            count: amounts.0,
            bytes: amounts.1,
            pid: who.0,
            uid: who.1,
            comm: who.2,
            cgroup: who.3,
            operation: words.0,
            interface: words.1,
            device: place.0.map(|(major, minor)| DeviceNumber { major, minor }),
            disk: place.1,
            filesystem: place.2,
            inode: place.3,
            path: place.4,
            limits,
            verdict: words.2,
            reasons: Reasons::from_bits(words.3),
            flags: Flags::from_bits(words.4),
            engine: words.5,
            cause: words.6,
            counted_errno: errno.filter(|_| request.is_none()),
            request,
        }
    }
}

fn loss() -> impl Strategy<Value = Loss> {
    (select(LossCause::ALL), 1u64..1 << 53).prop_map(|(cause, count)| Loss { cause, count })
}

prop_compose! {
    pub(crate) fn batch()(
        time in 0i64..4_000_000_000_000_000_000,
        records in vec(record(), 0..6),
        losses in vec(loss(), 0..3),
    ) -> Batch {
        Batch { time: Timestamp(time), records, losses }
    }
}
