//! The cases that are measured: each is one request, repeated.

use super::places::Place::{self, Btrfs, Ext4, Raw, Scsi, Xfs};
use crate::workload::{Call, Shape};

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) place: Place,
    /// The request, following the place's name in the case's name.
    pub(super) what: &'static str,
    pub(super) shape: Shape,
    /// Whether it goes to the target that is in the page cache.
    pub(super) cached: bool,
    /// Instructions that dio-trace may add; for misaligned requests including the delivery of the
    /// record.
    pub(super) target: Option<f64>,
    /// Whether bpftrace is measured as well.
    pub(super) peer: bool,
    /// Whether dio-trace's programs are folded, as they are wherever that is not switched off.
    pub(super) folded: bool,
}

const READ: Shape = Shape {
    call: Call::Pread,
    write: false,
    direct: true,
    segments: 1,
    length: 4096,
    askew: 0,
};
const WRITE: Shape = Shape {
    write: true,
    ..READ
};
const CACHED_READ: Shape = Shape {
    direct: false,
    ..READ
};
const CACHED_WRITE: Shape = Shape {
    direct: false,
    ..WRITE
};
const ASKEW: Shape = Shape { askew: 4, ..READ };
const ASKEW_WRITE: Shape = Shape { askew: 4, ..WRITE };
const fn segments(segments: u64, shape: Shape) -> Shape {
    Shape {
        call: Call::Preadv,
        segments,
        length: 512,
        ..shape
    }
}
const fn by(call: Call, shape: Shape) -> Shape {
    Shape { call, ..shape }
}

const fn case(place: Place, what: &'static str, shape: Shape) -> Case {
    Case {
        place,
        what,
        shape,
        cached: !shape.direct,
        target: None,
        peer: false,
        folded: true,
    }
}
const fn at_most(target: f64, case: Case) -> Case {
    Case {
        target: Some(target),
        ..case
    }
}
const fn not_folded(case: Case) -> Case {
    Case {
        folded: false,
        ..case
    }
}
const fn with_peer(case: Case) -> Case {
    Case { peer: true, ..case }
}

/// Every case, in the order of measuring.
pub(super) const CASES: &[Case] = &[
    with_peer(at_most(1000.0, case(Xfs, "read", READ))),
    not_folded(case(Xfs, "read, programs not folded", READ)),
    case(Xfs, "read, libaio", by(Call::Aio, READ)),
    case(Xfs, "read, io_uring", by(Call::Ring, READ)),
    case(Xfs, "read, 16 segments", segments(16, READ)),
    case(Xfs, "read, 1024 segments", segments(1024, READ)),
    case(Xfs, "write", WRITE),
    case(Ext4, "read", READ),
    case(Ext4, "write", WRITE),
    case(Btrfs, "read", READ),
    case(Btrfs, "write", WRITE),
    case(Raw, "read", READ),
    case(Raw, "read, libaio", by(Call::Aio, READ)),
    case(Raw, "read, io_uring", by(Call::Ring, READ)),
    case(Raw, "write", WRITE),
    with_peer(at_most(4000.0, case(Xfs, "misaligned read", ASKEW))),
    case(Xfs, "misaligned read, libaio", by(Call::Aio, ASKEW)),
    case(Xfs, "misaligned read, io_uring", by(Call::Ring, ASKEW)),
    case(Xfs, "misaligned read, 16 segments", segments(16, ASKEW)),
    case(Xfs, "misaligned read, 1024 segments", segments(1024, ASKEW)),
    case(Xfs, "misaligned write", ASKEW_WRITE),
    case(Ext4, "misaligned read", ASKEW),
    Case {
        cached: true,
        ..case(Btrfs, "misaligned read", ASKEW)
    },
    case(Raw, "misaligned read", ASKEW),
    case(Scsi, "misaligned read", ASKEW),
    with_peer(at_most(150.0, case(Xfs, "cached read", CACHED_READ))),
    case(Xfs, "cached write", CACHED_WRITE),
    at_most(400.0, case(Ext4, "cached read", CACHED_READ)),
    case(Ext4, "cached write", CACHED_WRITE),
    at_most(150.0, case(Btrfs, "cached read", CACHED_READ)),
    case(Btrfs, "cached write", CACHED_WRITE),
    at_most(150.0, case(Raw, "cached read", CACHED_READ)),
    case(Raw, "cached write", CACHED_WRITE),
];

/// The cases whose name contains one of these; all of them for an empty list.
pub(super) fn wanted(only: &[String]) -> Vec<&'static Case> {
    let is_wanted = |case: &&Case| {
        let name = case.name();
        only.is_empty() || only.iter().any(|only| name.contains(only.as_str()))
    };
    CASES.iter().filter(is_wanted).collect()
}

impl Case {
    /// Its name in table and baseline.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.place.word(), self.what)
    }

    /// Whether dio-trace sends a record of each request.
    pub(super) const fn is_told(&self) -> bool {
        self.shape.direct && self.shape.askew != 0
    }

    /// Number of requests in one round: few enough that most rounds see no timer interrupt.
    pub(super) const fn round(&self) -> u64 {
        if self.shape.segments > 100 { 4 } else { 100 }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: HashSet<String> = CASES.iter().map(Case::name).collect();
        assert_eq!(names.len(), CASES.len());
    }
}
