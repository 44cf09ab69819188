//! Checks a message before Arrow decodes it, because Arrow trusts the places of its buffers.

use arrow_ipc::{Buffer as Place, RecordBatch};

/// Longest column of one batch that is accepted, bytes after decompression.
const MAX_COLUMN: i64 = 1 << 30;

/// Whether every buffer of `batch` lies inside `content`, and none claims to be absurdly large.
pub(super) fn is_sound(batch: RecordBatch<'_>, content: &[u8]) -> bool {
    let compressed = batch.compression().is_some();
    let rows = batch.length();
    let buffers = batch.buffers().into_iter().flatten();
    let nodes = batch.nodes().into_iter().flatten();
    (0..=MAX_COLUMN).contains(&rows)
        && nodes.into_iter().all(|node| {
            (0..=MAX_COLUMN).contains(&node.length())
                && (0..=node.length()).contains(&node.null_count())
        })
        && buffers
            .into_iter()
            .all(|place| is_inside(place, content, compressed))
}

fn is_inside(place: &Place, content: &[u8], compressed: bool) -> bool {
    let (Ok(start), Ok(length)) = (
        usize::try_from(place.offset()),
        usize::try_from(place.length()),
    ) else {
        return false;
    };
    let Some(bytes) = start
        .checked_add(length)
        .and_then(|end| content.get(start..end))
    else {
        return false;
    };
    if !compressed || bytes.is_empty() {
        return true;
    }
    // A compressed buffer starts with its length after decompression; -1 means that it is stored.
    let Some(length) = bytes.first_chunk::<8>() else {
        return false;
    };
    (-1..=MAX_COLUMN).contains(&i64::from_le_bytes(*length))
}
