//! Faults: each reason of a record, with the offending value.

use crate::{
    diagnose::{
        Limit,
        kernels::rule_function,
        locate::{Piece, bad_gap, pieces},
    },
    model::{Reason, Reasons, Record, Request, RuleSet, Verdict},
};

/// The meaning of one reason for one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The reason.
    pub reason: Reason,
    /// Whether it breaks a rule in force on that kernel; otherwise the request is only not fully
    /// aligned.
    pub broken: bool,
    /// Number of the offending segment, from 0; `None` where none is, or its number is unknown.
    pub segment: Option<usize>,
    /// The offending value: an address, a length or an offset; `None` where it was not recorded.
    pub value: Option<u64>,
    /// Bytes by which the value exceeds a multiple of the limit.
    pub misses_by: Option<u64>,
    /// The limit it misses.
    pub limit: Option<Limit>,
    /// The kernel function that checks this under the rules in force.
    pub function: &'static str,
    /// The fault in one sentence, without a full stop.
    pub sentence: String,
}

/// The faults of a record, in the order of [`Reason::ALL`].
pub(super) fn faults(record: &Record, rule_set: RuleSet) -> Vec<Fault> {
    let broken = match (&record.limits, &record.request) {
        (Some(limits), Some(request)) => {
            dio_trace_ebpf::rules::violations(&request.looked_at(), limits, rule_set)
        }
        _ if record.verdict == Verdict::Rejected => record.reasons,
        _ => Reasons::NONE,
    };
    record
        .reasons
        .iter()
        .map(|reason| match reason {
            Reason::AtomicLength => atomic_length(record, rule_set),
            Reason::AtomicOffset => atomic_offset(record, rule_set),
            Reason::AtomicSegments => atomic_segments(record, rule_set),
            Reason::MemoryAddress
            | Reason::SegmentLength
            | Reason::TotalLength
            | Reason::FileOffset
            | Reason::VirtBoundary => fault(record, reason, broken.contains(reason), rule_set),
        })
        .collect()
}

fn fault(record: &Record, reason: Reason, broken: bool, rule_set: RuleSet) -> Fault {
    // If no rule is broken, the request is measured by full alignment, which `logical-block` requires.
    let measure = if broken {
        rule_set
    } else {
        RuleSet::LogicalBlock
    };
    let limit = Limit::of(record, reason, measure);
    let found = limit
        .as_ref()
        .zip(record.request.as_ref())
        .and_then(|(limit, request)| find(record, request, reason, limit, measure));
    let sentence = match (&found, &limit) {
        (Some(found), _) => found.sentence.clone(),
        (None, Some(limit)) => {
            format!(
                "{} not a multiple of {}",
                plural_subject(reason),
                limit.describe()
            )
        }
        (None, None) => format!(
            "{} not aligned; the limit is unknown",
            plural_subject(reason)
        ),
    };
    Fault {
        reason,
        broken,
        segment: found.as_ref().and_then(|found| found.segment),
        value: found.as_ref().map(|found| found.value),
        misses_by: found
            .as_ref()
            .zip(limit.as_ref())
            .map(|(found, limit)| found.value & limit.mask()),
        function: rule_function(record, reason, rule_set),
        limit,
        sentence,
    }
}

fn atomic_length(record: &Record, rule_set: RuleSet) -> Fault {
    let request = record.request.as_ref();
    let units = request.and_then(|request| request.atomic_units);
    let range = units
        .filter(|units| units.max != 0)
        .map_or_else(String::new, |units| {
            format!(" between {} and {}", units.min, units.max)
        });
    let length = request.map(|request| request.geometry.length);
    let text = match length {
        Some(length) => format!("length {length} is not a power of two{range}"),
        None => format!("lengths are not powers of two{range}"),
    };
    let sentence = text + ", as an atomic write must be";
    atomic(record, Reason::AtomicLength, rule_set, length, sentence)
}

fn atomic_offset(record: &Record, rule_set: RuleSet) -> Fault {
    let geometry = record.request.as_ref().map(|request| &request.geometry);
    let text = match geometry {
        Some(geometry) => format!(
            "offset {} is not a multiple of the write's length {}",
            geometry.offset, geometry.length
        ),
        None => "offsets are not multiples of the write's length".to_owned(),
    };
    let offset = geometry.map(|geometry| geometry.offset);
    let sentence = text + ", as an atomic write must be";
    atomic(record, Reason::AtomicOffset, rule_set, offset, sentence)
}

fn atomic_segments(record: &Record, rule_set: RuleSet) -> Fault {
    let request = record.request.as_ref();
    let count = request.map(|request| u64::from(request.geometry.segment_count));
    let sentence = match count {
        Some(count) => format!("{count} segments, and an atomic write must have one"),
        None => "several segments, and an atomic write must have one".to_owned(),
    };
    atomic(record, Reason::AtomicSegments, rule_set, count, sentence)
}

/// A fault against a rule that only atomic writes have; `value` is what breaks it.
fn atomic(
    record: &Record,
    reason: Reason,
    rule_set: RuleSet,
    value: Option<u64>,
    sentence: String,
) -> Fault {
    Fault {
        reason,
        broken: true,
        segment: None,
        value,
        misses_by: None,
        limit: None,
        function: rule_function(record, reason, rule_set),
        sentence,
    }
}

/// An offending value.
struct Found {
    segment: Option<usize>,
    value: u64,
    sentence: String,
}

fn find(
    record: &Record,
    request: &Request,
    reason: Reason,
    limit: &Limit,
    measure: RuleSet,
) -> Option<Found> {
    let geometry = &request.geometry;
    let mask = limit.mask();
    let plain = |subject: &str, value: u64| Found {
        segment: None,
        value,
        sentence: format!("{subject} {value} {}", misses(value, limit)),
    };
    match reason {
        Reason::TotalLength => Some(plain("length", geometry.length)),
        Reason::FileOffset => Some(plain("offset", geometry.offset)),
        Reason::VirtBoundary => gap(record, request, limit),
        Reason::AtomicLength | Reason::AtomicOffset | Reason::AtomicSegments => None,
        Reason::MemoryAddress | Reason::SegmentLength => {
            let address = reason == Reason::MemoryAddress;
            let value = |piece: &Piece| {
                if address {
                    piece.segment.address
                } else {
                    piece.segment.length
                }
            };
            let pieces = pieces(&request.segments, measure);
            let piece = pieces.iter().find(|piece| value(piece) & mask != 0)?;
            let (what, shown) = if address {
                ("address", format!("{:#x}", value(piece)))
            } else {
                ("length", value(piece).to_string())
            };
            Some(Found {
                segment: piece.index,
                value: value(piece),
                sentence: format!(
                    "{}{what} {shown} {}",
                    name(piece, geometry.segment_count),
                    misses(value(piece), limit)
                ),
            })
        }
    }
}

fn misses(value: u64, limit: &Limit) -> String {
    if value < u64::from(limit.bytes) {
        format!("is less than {}", limit.describe())
    } else {
        let rest = value & limit.mask();
        let unit = if rest == 1 { "byte" } else { "bytes" };
        format!("is {rest} {unit} over a multiple of {}", limit.describe())
    }
}

fn gap(record: &Record, request: &Request, limit: &Limit) -> Option<Found> {
    let block = u64::from(record.limits?.logical_block_mask());
    let gap = bad_gap(&request.segments, limit.mask(), block)?;
    Some(Found {
        segment: Some(gap.index),
        value: if gap.end & limit.mask() != 0 {
            gap.end
        } else {
            gap.start
        },
        sentence: format!(
            "the gap between segments {} (ends at {:#x}) and {} (begins at {:#x}) is not at a \
             multiple of {}, and lies {} bytes into the request, which is not a multiple of {}: \
             the kernel cannot split there",
            gap.index + 1,
            gap.end,
            gap.index + 2,
            gap.start,
            limit.describe(),
            gap.distance,
            block + 1,
        ),
    })
}

/// The segment, for the start of a sentence.
fn name(piece: &Piece, count: u32) -> String {
    match piece.index {
        _ if count == 1 => "buffer ".to_owned(),
        Some(index) if piece.joined > 1 => format!(
            "segments {} to {} of {count} (they touch in memory): ",
            index + 1,
            index + piece.joined
        ),
        Some(index) => format!("segment {} of {count}: ", index + 1),
        None => format!("a segment after the first 16 of {count}: "),
    }
}

fn plural_subject(reason: Reason) -> &'static str {
    match reason {
        Reason::MemoryAddress => "buffer addresses",
        Reason::SegmentLength => "segment lengths",
        Reason::TotalLength | Reason::AtomicLength => "request lengths",
        Reason::FileOffset | Reason::AtomicOffset => "offsets",
        Reason::VirtBoundary => "gaps between segments",
        Reason::AtomicSegments => "segments",
    }
}
