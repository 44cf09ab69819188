//! One reason, with the value at fault.

use crate::{
    diagnose::{
        Limit,
        kernels::rule_function,
        locate::{Piece, bad_gap, pieces},
    },
    model::{Reasons, Record, Request, RuleSet, Verdict},
};

/// What one reason means for one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The reason, a single bit.
    pub reason: Reasons,
    /// Whether it breaks a rule in force on that kernel; otherwise it only departs from full
    /// alignment.
    pub broken: bool,
    /// Number of the segment at fault, from 0, where one is and its number is known.
    pub segment: Option<usize>,
    /// The value at fault: an address, a length or an offset; `None` where it was not kept.
    pub value: Option<u64>,
    /// Bytes by which the value exceeds a multiple of the limit.
    pub misses_by: Option<u64>,
    /// The limit it misses.
    pub limit: Option<Limit>,
    /// The kernel function that checks this under the rules in force.
    pub function: &'static str,
    /// All of it in one sentence, without a full stop.
    pub sentence: String,
}

/// The faults of a record, in the order of [`Reasons::ALL`].
pub(super) fn faults(record: &Record, rule_set: RuleSet) -> Vec<Fault> {
    let broken = match (&record.limits, &record.request) {
        (Some(limits), Some(request)) => {
            dio_trace_ebpf::rules::violations(&request.geometry, limits, rule_set)
        }
        _ if record.verdict == Verdict::Rejected => record.reasons,
        _ => Reasons::NONE,
    };
    Reasons::ALL
        .iter()
        .filter(|(reason, _)| record.reasons.contains(*reason))
        .map(|&(reason, _)| fault(record, reason, broken.contains(reason), rule_set))
        .collect()
}

fn fault(record: &Record, reason: Reasons, broken: bool, rule_set: RuleSet) -> Fault {
    // What is not broken departs from full alignment, which is what `logical-block` asks.
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
            "{} not aligned; the limit is not known",
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

/// The value at fault.
struct Found {
    segment: Option<usize>,
    value: u64,
    sentence: String,
}

fn find(
    record: &Record,
    request: &Request,
    reason: Reasons,
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
        Reasons::TOTAL_LENGTH => Some(plain("length", geometry.length)),
        Reasons::FILE_OFFSET => Some(plain("offset", geometry.offset)),
        Reasons::VIRT_BOUNDARY => gap(record, request, limit),
        _ => {
            let address = reason == Reasons::MEMORY_ADDRESS;
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
             multiple of {}, and lies {} bytes into the request, which is no multiple of {}: the \
             kernel cannot split there",
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

/// Which segment, for the start of a sentence; empty where there is only one.
fn name(piece: &Piece, count: u32) -> String {
    match piece.index {
        _ if count == 1 => "buffer ".to_owned(),
        Some(index) if piece.joined > 1 => format!(
            "segments {} to {} of {count} (they touch in memory): ",
            index + 1,
            index + piece.joined
        ),
        Some(index) => format!("segment {} of {count}: ", index + 1),
        None => format!("a segment behind the first 16 of {count}: "),
    }
}

fn plural_subject(reason: Reasons) -> &'static str {
    match reason {
        Reasons::MEMORY_ADDRESS => "buffer addresses",
        Reasons::SEGMENT_LENGTH => "segment lengths",
        Reasons::TOTAL_LENGTH => "request lengths",
        Reasons::FILE_OFFSET => "offsets",
        _ => "gaps between segments",
    }
}
