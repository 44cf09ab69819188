//! The picture of a request for HTML: its place on the disk's blocks, as a drawing in SVG.

use crate::{
    model::{Record, Verdict},
    report::page::markup::escaped,
};

/// Width of the picture, pixels.
const WIDTH: f64 = 640.0;
/// Number of blocks drawn at most: a long request is shown by both its ends.
const BLOCKS: u64 = 16;

/// The picture; `None` for requests that were only counted.
pub(super) fn picture(record: &Record) -> Option<String> {
    let (request, limits) = (record.request.as_ref()?, record.limits?);
    let block = u64::from(limits.logical_block_size.max(1));
    let (offset, length) = (request.geometry.offset, request.geometry.length);
    let first = offset / block;
    let last = offset.checked_add(length)?.div_ceil(block).max(first + 1);
    let shown = (last - first).min(BLOCKS);
    let step = WIDTH / (shown as f64 + 2.0);
    // A block of the file before and after the request.
    let boxes: String = (0..shown + 2)
        .map(|number| {
            let x = number as f64 * step;
            format!(
                "<rect x=\"{x:.1}\" y=\"20\" width=\"{step:.1}\" height=\"26\" fill=\"none\" \
                 stroke=\"currentColor\" opacity=\".4\"/>"
            )
        })
        .collect();
    let start = step + (offset % block) as f64 / block as f64 * step;
    let end = if last - first > BLOCKS {
        WIDTH - step
    } else {
        start + length as f64 / block as f64 * step
    };
    let colour = match record.verdict {
        Verdict::Aligned => "var(--good)",
        Verdict::Accepted => "var(--warn)",
        Verdict::Buffered => "var(--buf)",
        Verdict::Rejected | Verdict::Failed => "var(--bad)",
    };
    let caption = format!(
        "{}-byte {} at {offset}, on blocks of {block} bytes",
        length, record.operation
    );
    Some(format!(
        "<svg viewBox=\"0 0 {WIDTH} 52\" width=\"{WIDTH}\" role=\"img\"><title>{caption}</title>\
         <text x=\"0\" y=\"12\">{caption}</text>{boxes}\
         <rect x=\"{start:.1}\" y=\"25\" width=\"{wide:.1}\" height=\"16\" fill=\"{colour}\"/></svg>",
        caption = escaped(&caption),
        wide = (end - start).max(2.0),
    ))
}
