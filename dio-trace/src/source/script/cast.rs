//! The requests that each program of the script makes in one second.

use crate::{
    model::{Flag, Flags, Operation, Record, Timestamp},
    source::script::{
        actors::{
            Actor, BACKUP, COMMIT_LOG, DIRECTORY, File, IMAGE, ODD_NAME, Part, RAW, REDO_LOG,
            TABLES, WAL,
        },
        request::{Shape, capture, counted},
    },
};

/// Number of requests of one process that are captured in one second; the rest is counted.
const DETAILS_A_SECOND: u64 = 12;

impl Actor {
    /// The records of one second that ends at `time`.
    pub(super) fn play(&self, second: u32, time: Timestamp) -> Vec<Record> {
        use Operation::{Read, Write};
        let beat = Beat {
            actor: self,
            second: u64::from(second),
            time,
        };
        match self.part {
            Part::Qemu if second == 1 => beat.probe(&IMAGE),
            Part::Qemu => {
                let mut records =
                    beat.misaligned(&IMAGE, Read, 34, 512, |n| (0, 512 * (n * 7 + 1)));
                records.extend(beat.misaligned(&IMAGE, Read, 9, 4096, |n| (512, 4096 * n)));
                records.push(beat.aligned(&IMAGE, Read, 420, 4096));
                records
            }
            Part::MariaDb => {
                let mut records =
                    beat.misaligned(&REDO_LOG, Write, 21, 512, |n| (0, 2048 + 512 * n));
                records.push(beat.aligned(&TABLES, Write, 96, 16_384));
                records
            }
            Part::Scylla if second.is_multiple_of(5) => {
                let segments = [(0x6000_0012_0000, 512), (0x6000_0034_0000, 3584)];
                let mut records =
                    vec![beat.one(&COMMIT_LOG, Write, 4096 * u64::from(second), &segments, 3)];
                records.push(beat.aligned(&COMMIT_LOG, Write, 1_310, 131_072));
                records
            }
            Part::Scylla => vec![beat.aligned(&COMMIT_LOG, Write, 1_290, 131_072)],
            Part::Backup if second % 40 < 30 => {
                beat.misaligned(&BACKUP, Read, 15, 131_072, |n| (8, 131_072 * n))
            }
            Part::Backup => Vec::new(),
            Part::Directory => beat.misaligned(&DIRECTORY, Write, 4, 8192, |n| (0x104, 8192 * n)),
            Part::Fio => vec![
                beat.aligned(&RAW, Read, 8_412 + u64::from(second % 7) * 31, 4096),
                beat.aligned(&RAW, Write, 3_605 + u64::from(second % 5) * 17, 4096),
            ],
            Part::Postgres => vec![beat.aligned(&WAL, Write, 812, 8192)],
            Part::OddName => vec![beat.aligned(&ODD_NAME, Read, 1, 4096)],
        }
    }
}

/// One second of one actor.
struct Beat<'a> {
    actor: &'a Actor,
    second: u64,
    time: Timestamp,
}

impl Beat<'_> {
    fn aligned(&self, file: &File, operation: Operation, count: u64, length: u64) -> Record {
        let shape = Shape {
            file,
            operation,
            offset: 0,
            segments: &[],
            flags: Flags::NONE,
        };
        counted(self.actor, &shape, self.time, count, count * length)
    }

    /// Adds `count` requests of `length` bytes. For the n-th one, `place` returns the distance of
    /// its address from a multiple of 4096, and its offset.
    fn misaligned(
        &self,
        file: &File,
        operation: Operation,
        count: u64,
        length: u64,
        place: impl Fn(u64) -> (u64, u64),
    ) -> Vec<Record> {
        let first = self.second * count;
        let mut records: Vec<Record> = (0..count.min(DETAILS_A_SECOND))
            .map(|n| {
                let (beyond, offset) = place(first + n);
                let address = 0x7f3a_5c00_0000 + (first + n) % 64 * 0x2000 + beyond;
                self.one(file, operation, offset, &[(address, length)], n)
            })
            .collect();
        if let (Some(rest), Some(like)) = (count.checked_sub(DETAILS_A_SECOND), records.first()) {
            let rest = Record {
                time: self.time,
                count: rest,
                bytes: rest * length,
                counted_errno: like.errno().and_then(|errno| u8::try_from(errno).ok()),
                request: None,
                ..like.clone()
            };
            records.extend((rest.count != 0).then_some(rest));
        }
        records
    }

    fn one(
        &self,
        file: &File,
        operation: Operation,
        offset: u64,
        segments: &[(u64, u64)],
        n: u64,
    ) -> Record {
        let shape = Shape {
            file,
            operation,
            offset,
            segments,
            flags: Flags::NONE,
        };
        self.capture(&shape, n)
    }

    fn capture(&self, shape: &Shape<'_>, n: u64) -> Record {
        // Spread over the second, in a fixed pattern that looks random.
        let before = 983_000_000 - n * 80_000_000 - (self.second * 7_919 + n * 104_729) % 999_983;
        let latency = 4_100 + (self.second * 31 + n * 1_777) % 9_000;
        capture(
            self.actor,
            shape,
            Timestamp(self.time.0 - before.cast_signed()),
            latency,
        )
    }

    /// Adds what QEMU does at open: shrinking reads at one offset, until one is refused.
    fn probe(&self, file: &File) -> Vec<Record> {
        let lengths = [4096, 2048, 1024, 512];
        let one = |(n, length): (u64, u64)| {
            let shape = Shape {
                file,
                operation: Operation::Read,
                offset: 0,
                segments: &[(0x7f3a_5c00_0000, length)],
                flags: Flags::of(&[Flag::Probing]),
            };
            self.capture(&shape, n)
        };
        (0..).zip(lengths).map(one).collect()
    }
}
