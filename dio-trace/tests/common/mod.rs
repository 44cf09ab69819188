//! Made-up traces for tests: deterministic, and judged by the real rules.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test uses a part of it"
)]

use std::{
    io::{self, Write},
    sync::Arc,
    thread,
};

use dio_trace::model::{
    Attachment, Batch, DeviceNumber, Engine, Environment, Evidence, Flag, Flags, Geometry,
    Interface, Limits, Loss, LossCause, Operation, Reasons, Record, Request, RuleSet, Segment,
    Timestamp, Verdict,
};
use dio_trace_ebpf::rules::{Outcome, judge, portability, violations};

/// Says that the running test cannot test anything here: nobody shall take that for a success.
/// `cargo xtask test` counts these lines.
#[allow(
    clippy::explicit_write,
    reason = "`println!` is what `cargo test` hides"
)]
pub fn skip(reason: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or_default();
    writeln!(io::stdout(), "SKIP {test}: {reason}").unwrap();
}

/// 2026-11-24 04:08:00 UTC.
pub const START: i64 = 1_795_493_280_000_000_000;

pub const DISK_4K: Limits = Limits {
    logical_block_size: 4096,
    physical_block_size: 4096,
    dma_alignment: 511,
    virt_boundary_mask: 0,
    filesystem_block_size: 4096,
};

pub const NVME: Limits = Limits {
    logical_block_size: 512,
    physical_block_size: 4096,
    dma_alignment: 3,
    virt_boundary_mask: 4095,
    filesystem_block_size: 4096,
};

pub fn environment() -> Environment {
    Environment {
        tool_version: "0.1.0".to_owned(),
        host: "db1".to_owned(),
        kernel_release: "6.12.117+deb13-amd64".to_owned(),
        architecture: "x86_64".to_owned(),
        cpus: 8,
        rule_set: RuleSet::DmaAddress,
        evidence: vec![Evidence {
            subject: "bio_iov_iter_get_pages arguments".to_owned(),
            found: "2".to_owned(),
            meaning: "segments are checked before the bio is built (up to 6.17)".to_owned(),
        }],
        command_line: ["dio-trace", "record", "-o", "trace.dio"]
            .map(str::to_owned)
            .to_vec(),
        traced_command: None,
        started: Timestamp(START),
        clock: "CLOCK_BOOTTIME mapped to UTC at each batch".to_owned(),
        filters: Vec::new(),
        attachments: vec![Attachment {
            function: "iomap_dio_rw".to_owned(),
            module: "vmlinux".to_owned(),
            gives: "direct I/O of XFS, ext4 and all others on iomap".to_owned(),
            method: Some("fentry/fexit".to_owned()),
            note: None,
            failures: Vec::new(),
            lost: String::new(),
        }],
        devices: Vec::new(),
    }
}

/// A process that issues requests.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    pub comm: &'static str,
    pub pid: u32,
    pub path: &'static str,
    pub disk: &'static str,
    pub limits: Limits,
}

pub const QEMU: Who = Who {
    comm: "qemu-system-x86",
    pid: 4711,
    path: "/var/lib/libvirt/images/guest.img",
    disk: "vda",
    limits: DISK_4K,
};

pub const MYSQL: Who = Who {
    comm: "mysqld",
    pid: 812,
    path: "/var/lib/mysql/ib_logfile0",
    disk: "vda",
    limits: DISK_4K,
};

pub const FIO: Who = Who {
    comm: "fio",
    pid: 9001,
    path: "/data/fio.0.0",
    disk: "nvme0n1",
    limits: NVME,
};

/// One request as the rules answer it on this kernel.
pub fn request(
    who: Who,
    time: i64,
    operation: Operation,
    offset: u64,
    parts: &[(u64, u64)],
) -> Record {
    let kernel = RuleSet::DmaAddress;
    let segments: Vec<Segment> = parts
        .iter()
        .map(|&(address, length)| Segment { address, length })
        .collect();
    let limits = who.limits;
    let geometry = Geometry::fold(offset, segments.iter().copied(), limits.virt_boundary_mask);
    let refused = !violations(&geometry, &limits, kernel).is_empty();
    let done = if refused { 0 } else { geometry.length };
    let result = if refused { -22 } else { geometry.length as i64 };
    let outcome = Outcome {
        result,
        direct_bytes: done,
        bios: u32::from(!refused),
        is_write: operation == Operation::Write,
        ..Outcome::whole(&geometry, &limits, Engine::Iomap)
    };
    let judgement = judge(&geometry, &limits, kernel, &outcome);
    Record {
        time: Timestamp(time),
        count: 1,
        bytes: geometry.length,
        pid: who.pid,
        uid: 0,
        comm: who.comm.into(),
        cgroup: Some("/system.slice/some.service".into()),
        operation,
        interface: Interface::Aio,
        device: Some(DeviceNumber {
            major: 254,
            minor: 0,
        }),
        disk: Some(who.disk.into()),
        filesystem: Some("xfs".into()),
        inode: Some(u64::from(who.pid) * 3),
        path: Some(who.path.into()),
        limits: Some(limits),
        verdict: judgement.verdict,
        reasons: judgement.reasons,
        flags: judgement.flags,
        engine: Some(Engine::Iomap),
        cause: None,
        counted_errno: None,
        request: Some(Request {
            tid: who.pid + 1,
            thread: who.comm.into(),
            geometry,
            seen_length: geometry.length,
            checked_by: (!refused).then(|| who.disk.into()),
            atomic_units: None,
            segments,
            result,
            direct_bytes: done,
            latency: 81_337,
            bios: outcome.bios,
            splits: 0,
            rule_sets: portability(Engine::Iomap, &geometry, &limits).collect(),
            user_stack: None,
            kernel_stack: None,
        }),
    }
}

/// Aligned requests counted together.
pub fn counted(who: Who, time: i64, count: u64) -> Record {
    let one = request(who, time, Operation::Read, 0, &[(0x7f00_0000_0000, 4096)]);
    assert_eq!(one.verdict, Verdict::Aligned);
    Record {
        count,
        bytes: count * 4096,
        reasons: Reasons::NONE,
        flags: Flags::NONE,
        counted_errno: None,
        request: None,
        ..one
    }
}

/// A small trace in which everything that matters happens.
pub fn story() -> Vec<Batch> {
    let at = |second: i64| START + second * 1_000_000_000;
    let mut probing = request(QEMU, at(1), Operation::Read, 0, &[(0x7f11_0000_0000, 512)]);
    probing.flags = Flags::of(&[Flag::Probing]);
    let mut zram = request(
        Who {
            disk: "zram0",
            path: "/swap.img",
            comm: "evil\u{1b}[2J",
            pid: 66,
            ..QEMU
        },
        at(2),
        Operation::Read,
        0,
        &[(0x7f33_0000_0200, 4096)],
    );
    zram.flags = Flags::of(&[Flag::Unchecked]);
    let segments = [(0x7f11_0000_0000, 512), (0x7f11_0001_0000, 3584)];
    vec![
        Batch {
            time: Timestamp(at(1)),
            records: vec![
                counted(FIO, at(1), 1_000_000),
                counted(MYSQL, at(1), 234_000),
                probing,
                request(QEMU, at(1), Operation::Read, 0, &segments),
            ],
            losses: Vec::new(),
        },
        Batch {
            time: Timestamp(at(2)),
            records: vec![
                request(
                    MYSQL,
                    at(2),
                    Operation::Write,
                    512,
                    &[(0x7f22_0000_0000, 512)],
                ),
                request(
                    MYSQL,
                    at(2),
                    Operation::Write,
                    1024,
                    &[(0x7f22_0000_0000, 512)],
                ),
                request(
                    FIO,
                    at(2),
                    Operation::Read,
                    4096,
                    &[(0x7f44_0000_0004, 4096)],
                ),
                zram,
            ],
            losses: vec![Loss {
                cause: LossCause::DetailCapped,
                count: 17,
            }],
        },
    ]
}

/// A trace of many requests, as busy programs make them: `rows` captured ones in batches of
/// `rows_per_batch`.
pub fn busy(rows: usize, rows_per_batch: usize) -> impl Iterator<Item = Batch> {
    let paths: Vec<Arc<str>> = (0..200)
        .map(|number| format!("/var/lib/db/base/16384/{number:05}").into())
        .collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut time = START;
    (0..rows.div_ceil(rows_per_batch)).map(move |_| {
        let records = (0..rows_per_batch)
            .map(|_| {
                time += 90_000 + (random.next() % 20_000) as i64;
                let who = if random.next().is_multiple_of(4) {
                    QEMU
                } else {
                    FIO
                };
                let address = 0x7f00_0000_0000 + (random.next() % 4096) * 0x1000 + 0x204;
                let offset = (random.next() % 1_000_000) * 4096;
                let mut record = request(who, time, Operation::Read, offset, &[(address, 4096)]);
                record.path = Some(paths[(random.next() % 200) as usize].clone());
                record.pid += (random.next() % 8) as u32;
                if let Some(request) = &mut record.request {
                    request.latency = 60_000 + random.next() % 50_000;
                    request.tid = record.pid;
                }
                record
            })
            .collect();
        Batch {
            time: Timestamp(time),
            records,
            losses: Vec::new(),
        }
    })
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
