//! Explanations of single requests: what they say, and that they say the right thing.

use dio_trace_ebpf::rules::{Outcome, judge, portability};

use super::*;
use crate::model::{
    Engine, Flag, Flags, Geometry, Interface, Limits, Operation, Reason, Reasons, Request, Segment,
    Timestamp,
};

const DISK_4K: Limits = Limits {
    logical_block_size: 4096,
    physical_block_size: 4096,
    dma_alignment: 511,
    virt_boundary_mask: 0,
    filesystem_block_size: 4096,
};

/// A read that is done or rejected as the rules require.
fn record(kernel: RuleSet, limits: Limits, offset: u64, segments: &[(u64, u64)]) -> Record {
    let segments: Vec<Segment> = segments
        .iter()
        .map(|&(address, length)| Segment { address, length })
        .collect();
    let geometry = Geometry::fold(offset, segments.iter().copied(), limits.virt_boundary_mask);
    let broken = !dio_trace_ebpf::rules::violations(&geometry, &limits, kernel).is_empty();
    let result = if broken { -22 } else { geometry.length as i64 };
    let judgement = judge(
        &geometry,
        &limits,
        kernel,
        &Outcome {
            result,
            direct_bytes: if broken { 0 } else { geometry.length },
            bios: u32::from(!broken),
            ..Outcome::whole(&geometry, &limits, Engine::Iomap)
        },
    );
    Record {
        time: Timestamp(0),
        count: 1,
        bytes: geometry.length,
        pid: 7,
        uid: 0,
        comm: "mysqld".into(),
        cgroup: None,
        operation: Operation::Read,
        interface: Interface::Sync,
        device: None,
        disk: Some("vda".into()),
        filesystem: Some("xfs".into()),
        inode: Some(5),
        path: Some("/data/ib_logfile0".into()),
        limits: Some(limits),
        verdict: judgement.verdict,
        reasons: judgement.reasons,
        flags: judgement.flags,
        engine: Some(Engine::Iomap),
        cause: None,
        counted_errno: None,
        request: Some(Request {
            tid: 7,
            thread: "mysqld".into(),
            geometry,
            seen_length: geometry.length,
            checked_by: None,
            atomic_units: None,
            segments,
            result,
            direct_bytes: 0,
            latency: 1,
            bios: 1,
            splits: 0,
            rule_sets: portability(Engine::Iomap, &geometry, &limits).collect(),
            user_stack: None,
            kernel_stack: None,
        }),
    }
}

fn text(diagnosis: &Diagnosis) -> String {
    let mut lines = vec![diagnosis.headline.clone()];
    for fault in &diagnosis.faults {
        let mark = if fault.broken { "broken" } else { "departs" };
        lines.push(format!("{mark}: {} [{}]", fault.sentence, fault.function));
    }
    lines.extend(
        diagnosis
            .notes
            .iter()
            .map(|note| format!("note: {}", note.sentence)),
    );
    lines.extend(
        diagnosis
            .portability
            .iter()
            .map(|one| format!("portability: {}", one.sentence)),
    );
    lines.extend(diagnosis.advice.iter().map(|one| format!("advice: {one}")));
    lines.join("\n")
}

#[test]
fn accepted_by_a_lenient_kernel_and_disk() {
    let record = record(RuleSet::DmaAddress, DISK_4K, 0, &[(0x7f00_0000_0200, 4096)]);
    let diagnosis = diagnose(&record, RuleSet::DmaAddress);
    assert_eq!(diagnosis.faults[0].misses_by, Some(512));
    assert_eq!(diagnosis.faults[0].segment, Some(0));
    insta::assert_snapshot!(text(&diagnosis));
}

#[test]
fn a_vector_of_odd_lengths_is_rejected() {
    let segments = [(0x7f00_0000_0000, 512), (0x7f00_0001_0000, 3584)];
    let record = record(RuleSet::DmaAddress, DISK_4K, 0, &segments);
    insta::assert_snapshot!(text(&diagnose(&record, RuleSet::DmaAddress)));
}

#[test]
fn log_writes_of_512_bytes_on_a_4k_disk() {
    let mut record = record(
        RuleSet::DmaSegment,
        DISK_4K,
        512,
        &[(0x7f00_0000_0000, 512)],
    );
    record.operation = Operation::Write;
    insta::assert_snapshot!(text(&diagnose(&record, RuleSet::DmaSegment)));
}

#[test]
fn a_gap_at_the_virtual_boundary() {
    let limits = Limits {
        logical_block_size: 512,
        dma_alignment: 3,
        virt_boundary_mask: 4095,
        ..DISK_4K
    };
    let segments = [(0x7f00_0000_0000, 100), (0x7f00_0001_0000, 3996)];
    let record = record(RuleSet::DmaSegmentLate, limits, 0, &segments);
    assert_eq!(record.reasons, Reasons::of(&[Reason::VirtBoundary]));
    insta::assert_snapshot!(text(&diagnose(&record, RuleSet::DmaSegmentLate)));
}

#[test]
fn zram_success_is_called_dangerous() {
    let mut record = record(RuleSet::DmaAddress, DISK_4K, 0, &[(0x7f00_0000_0200, 4096)]);
    record.disk = Some("zram0".into());
    record.flags = Flags::of(&[Flag::Unchecked]);
    let diagnosis = diagnose(&record, RuleSet::DmaAddress);
    assert_eq!(diagnosis.notes[0].severity, Severity::Danger);
    insta::assert_snapshot!(text(&diagnosis));
}

#[test]
fn a_counted_row_says_what_is_known() {
    let mut record = record(RuleSet::DmaAddress, DISK_4K, 0, &[(0x7f00_0000_0200, 4096)]);
    record.count = 12;
    record.request = None;
    let diagnosis = diagnose(&record, RuleSet::DmaAddress);
    assert_eq!(diagnosis.faults[0].value, None);
    insta::assert_snapshot!(text(&diagnosis));
}

#[test]
fn an_aligned_request_needs_nothing() {
    let record = record(
        RuleSet::LogicalBlock,
        DISK_4K,
        4096,
        &[(0x7f00_0000_0000, 4096)],
    );
    let diagnosis = diagnose(&record, RuleSet::LogicalBlock);
    assert!(diagnosis.faults.is_empty() && diagnosis.notes.is_empty());
    assert!(diagnosis.advice.is_empty());
}

#[test]
fn advice_for_btrfs_names_the_unit_of_btrfs() {
    let limits = Limits {
        logical_block_size: 512,
        ..DISK_4K
    };
    let aligned_to_the_disk = record(RuleSet::DmaAddress, limits, 512, &[(0x1_0000, 512)]);
    let record = Record {
        filesystem: Some("btrfs".into()),
        verdict: Verdict::Buffered,
        reasons: Reasons::of(&[Reason::TotalLength, Reason::FileOffset]),
        ..aligned_to_the_disk
    };
    let advice = advice(&record).join("\n");
    assert!(advice.contains("multiples of 4096 bytes"), "{advice}");
    assert!(!advice.contains("512"), "{advice}");
}
