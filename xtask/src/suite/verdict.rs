//! Checks whether the verdict of a row is what happened.

use dio_trace_ebpf::{
    rules::{Geometry, Limits, deviations},
    words::Verdict,
};

use super::{
    place::{Front, Made},
    predict::Prediction,
    row::Row,
};
use crate::workload::{Call, answer::Answer};

/// The fault in the verdict of `row`; `None` where it is right.
pub(super) fn fault(
    made: &Made<'_>,
    answer: &Answer,
    prediction: Prediction,
    row: &Row,
) -> Option<String> {
    limits_fault(made, row).or_else(|| {
        let result = answer.result.unwrap_or(0);
        if result < 0 {
            rejection_fault(prediction, row)
        } else {
            success_fault(made, answer, prediction, row)
        }
    })
}

fn limits_fault(made: &Made<'_>, row: &Row) -> Option<String> {
    let Some(disk) = &made.disk else {
        return None;
    };
    if row.disk.as_ref() != Some(disk) {
        return Some(format!("disk {:?}, really {disk}", row.disk));
    }
    if row.logical_block_size != Some(made.limits.logical_block_size) {
        return Some(format!(
            "logical block size {:?}, really {}",
            row.logical_block_size, made.limits.logical_block_size
        ));
    }
    if made.dma_is_known && row.dma_alignment != Some(made.limits.dma_alignment) {
        return Some(format!(
            "dma alignment {:?}, really {}",
            row.dma_alignment, made.limits.dma_alignment
        ));
    }
    None
}

fn rejection_fault(prediction: Prediction, row: &Row) -> Option<String> {
    let expected = if matches!(prediction, Prediction::Rejected(_) | Prediction::Unknown) {
        Verdict::Rejected
    } else {
        Verdict::Failed
    };
    if row.verdict != expected {
        return Some(format!("verdict {}, should be {expected}", row.verdict));
    }
    (expected == Verdict::Rejected && row.reasons.is_empty())
        .then(|| "rejected without a reason".to_owned())
}

fn success_fault(
    made: &Made<'_>,
    answer: &Answer,
    prediction: Prediction,
    row: &Row,
) -> Option<String> {
    // With several devices (btrfs), the row names the device whose limits it has.
    let limits = if made.disk.is_some() {
        made.limits
    } else {
        Limits {
            logical_block_size: row.logical_block_size.unwrap_or(0),
            dma_alignment: row.dma_alignment.unwrap_or(0),
            ..Limits::default()
        }
    };
    let segments = answer.segments.iter().map(|&placed| placed.into());
    let geometry = Geometry::fold(answer.offset, segments, limits.virt_boundary_mask);
    let departs = deviations(&geometry, &limits);
    let direct = if departs.is_empty() {
        Verdict::Aligned
    } else {
        Verdict::Accepted
    };
    let moved = answer.result != Some(0);
    let cached = answer.cached;
    let allowed: &[Verdict] = match prediction {
        Prediction::Buffered if moved => &[Verdict::Buffered],
        Prediction::Done | Prediction::Unknown if cached == Some(true) => &[Verdict::Buffered],
        Prediction::Done | Prediction::Unknown if cached.is_none() && moved => {
            &[direct, Verdict::Buffered]
        }
        _ => &[direct],
    };
    if !allowed.contains(&row.verdict) {
        let cached = match cached {
            Some(true) => ", the page cache did serve it",
            Some(false) => ", the page cache did not serve it",
            None => "",
        };
        return Some(format!(
            "verdict {}, should be {allowed:?}{cached}",
            row.verdict
        ));
    }
    // btrfs compares with its own blocks to decide what it buffers.
    let by_own_blocks = made.disk.is_none() && row.verdict == Verdict::Buffered;
    if answer.call != Call::RingFixed && !by_own_blocks {
        // f2fs measures by its own blocks what is aligned to the device, and then turns it away.
        let own = Limits {
            logical_block_size: 4096,
            ..limits
        };
        let turned_away = made.place.front == Front::F2fs && row.verdict == Verdict::Buffered;
        let departs = if turned_away && departs.is_empty() {
            deviations(&geometry, &own)
        } else {
            departs
        };
        let words: Vec<&str> = departs.words().collect();
        if row.reasons != words {
            return Some(format!("reasons {:?}, should be {words:?}", row.reasons));
        }
    }
    let unchecked = prediction == Prediction::Direct { unchecked: true };
    let damaged = answer.data_ok == Some(false);
    let known = answer.data_ok == Some(true) && prediction != Prediction::Unknown;
    if row.verdict != Verdict::Buffered && known && unchecked != row.has_flag("unchecked") {
        return Some(format!(
            "flags {:?}, unchecked should be {unchecked}",
            row.flags
        ));
    }
    if damaged && !row.has_flag("unchecked") {
        return Some("the data was damaged, and nothing warns of it".to_owned());
    }
    None
}
