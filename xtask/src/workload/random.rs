//! Random requests that a seed reproduces.

use dio_trace_ebpf::words::Operation;
use fastrand::Rng;

use super::{Call, Piece, request::Request, target::Region};

/// Possible alignments of a buffer, bytes; larger ones occur more often.
const ALIGNMENTS: [u64; 12] = [1, 2, 4, 8, 64, 256, 512, 512, 512, 2048, 4096, 4096];
const PAGE: u64 = 4096;

/// `number` requests within the written data of a target with this layout.
pub(super) fn requests(region: Region, number: u64, seed: u64) -> Vec<Request> {
    let mut rng = Rng::with_seed(seed);
    (0..number)
        .map(|index| request(&mut rng, region, index))
        .collect()
}

fn request(rng: &mut Rng, region: Region, index: u64) -> Request {
    let count = match rng.u32(0..20) {
        0..10 => 1,
        10..16 => rng.u64(2..5),
        16..19 => rng.u64(5..40),
        _ => rng.u64(40..=1024),
    };
    let pieces = pieces(rng, count);
    let length: u64 = pieces.iter().map(|piece| piece.length).sum();
    let room = region.data_end - length;
    let alignment = pick(rng, &[PAGE, PAGE, PAGE, 512, 512, 4, 1]);
    let offset = rng.u64(0..=room) / alignment * alignment;
    let interfaces = if count == 1 {
        Call::SINGLE
    } else {
        Call::VECTORED
    };
    let calls = interfaces[rng.usize(0..interfaces.len())];
    Request {
        call: calls[rng.usize(0..calls.len())],
        operation: if rng.bool() {
            Operation::Read
        } else {
            Operation::Write
        },
        offset,
        pieces,
        shape: format!("random {index}"),
    }
}

/// Segments in ascending order that do not overlap. Their total length is usually a multiple of
/// whole blocks.
fn pieces(rng: &mut Rng, count: u64) -> Vec<Piece> {
    let address = pick(rng, &ALIGNMENTS);
    let unit = pick(rng, &ALIGNMENTS);
    let largest = if count == 1 { 65_536 } else { 4096 };
    let mut at = rng.u64(0..PAGE) / address * address;
    let mut pieces = Vec::new();
    for _ in 0..count {
        let length = rng.u64(1..=(largest / unit).max(1)) * unit;
        pieces.push(Piece { delta: at, length });
        at += length;
        // Directly after the one before, on the next page, or anywhere.
        match rng.u32(0..4) {
            0 => {}
            1 => at = at.next_multiple_of(PAGE),
            _ => at = (at + rng.u64(0..PAGE)).next_multiple_of(address),
        }
    }
    let total: u64 = pieces.iter().map(|piece| piece.length).sum();
    let block = pick(rng, &[1, 512, PAGE, PAGE]);
    if let Some(last) = pieces.last_mut() {
        last.length += total.next_multiple_of(block) - total;
    }
    pieces
}

fn pick(rng: &mut Rng, values: &[u64]) -> u64 {
    values[rng.usize(0..values.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_brings_the_same_requests_back() {
        let first = requests(Region::FILE, 200, 7);
        assert_eq!(first, requests(Region::FILE, 200, 7));
        assert_ne!(first, requests(Region::FILE, 200, 8));
    }

    #[test]
    fn requests_stay_in_the_data_and_segments_do_not_overlap() {
        for request in requests(Region::FILE, 2000, 3) {
            assert!(request.offset + request.length() <= Region::FILE.data_end);
            assert!(request.pieces.len() <= 1024);
            assert!(request.call.is_vectored() || request.pieces.len() == 1);
            for pair in request.pieces.windows(2) {
                assert!(pair[0].delta + pair[0].length <= pair[1].delta);
            }
        }
    }
}
