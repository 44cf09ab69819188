//! A systematic set of requests: every kind of misalignment that a rule could check.

use dio_trace_ebpf::words::Operation;

use super::{Call, Piece, request::Request, target::Region};

/// Starts of single buffers, in bytes from the start of a page.
const ADDRESSES: [u64; 11] = [0, 1, 2, 4, 8, 64, 256, 512, 1024, 2048, 4095];
/// Lengths of single, aligned buffers at an aligned offset.
const LENGTHS: [u64; 13] = [
    1,
    4,
    100,
    511,
    512,
    513,
    1024,
    4095,
    4097,
    8192,
    12_288,
    65_536,
    1 << 20,
];
/// Offsets of single, aligned buffers of 4096 and 512 bytes.
const OFFSETS: [u64; 5] = [1, 4, 100, 512, 2048];
/// The usual size of a request, bytes.
const PAGE: u64 = 4096;

/// One layout of a request.
struct Shape {
    name: String,
    offset: u64,
    pieces: Vec<Piece>,
}

/// The whole set, for a target with this layout. Every shape goes through one call of each
/// interface in turn, or through every call.
pub(super) fn requests(region: Region, every_call: bool) -> Vec<Request> {
    let mut all = Vec::new();
    let data = data_shapes();
    for operation in [Operation::Read, Operation::Write] {
        spread(&mut all, &data, operation, every_call);
    }
    spread(&mut all, &edge_shapes(region), Operation::Read, every_call);
    all
}

fn spread(all: &mut Vec<Request>, shapes: &[Shape], operation: Operation, every_call: bool) {
    for (turn, shape) in shapes.iter().enumerate() {
        let interfaces = if shape.pieces.len() == 1 {
            Call::SINGLE
        } else {
            Call::VECTORED
        };
        for calls in interfaces {
            let chosen = if every_call {
                calls.to_vec()
            } else {
                vec![calls[turn % calls.len()]]
            };
            all.extend(chosen.into_iter().map(|call| Request {
                call,
                operation,
                offset: shape.offset,
                pieces: shape.pieces.clone(),
                shape: shape.name.clone(),
            }));
        }
    }
}

/// Shapes within written data.
fn data_shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    let mut add = |name: String, misplaced: u64, pieces: Vec<Piece>| {
        let length: u64 = pieces.iter().map(|piece| piece.length).sum();
        let room = Region::FILE.data_end.saturating_sub(length + misplaced) / PAGE;
        // Spread over the data, so that the requests of different shapes can be distinguished.
        let place = (shapes.len() as u64 * 37) % room.max(1) * PAGE;
        shapes.push(Shape {
            name,
            offset: place + misplaced,
            pieces,
        });
    };
    for delta in ADDRESSES {
        for length in [4096, 512] {
            add(
                format!("{length} at address +{delta}"),
                0,
                vec![Piece { delta, length }],
            );
        }
    }
    for length in LENGTHS {
        add(
            format!("length {length}"),
            0,
            vec![Piece { delta: 0, length }],
        );
    }
    for offset in OFFSETS {
        for length in [4096, 512] {
            add(
                format!("{length} at offset +{offset}"),
                offset,
                vec![Piece { delta: 0, length }],
            );
        }
    }
    for (name, pieces) in vectors() {
        add(name, 0, pieces);
    }
    shapes
}

/// Vectored shapes.
fn vectors() -> Vec<(String, Vec<Piece>)> {
    let mut shapes = Vec::new();
    let mut add = |name: &str, pieces: &[(u64, u64)]| {
        let pieces = pieces
            .iter()
            .map(|&(delta, length)| Piece { delta, length })
            .collect();
        shapes.push((name.to_owned(), pieces));
    };
    add("512, gap, 3584", &[(0, 512), (8192, 3584)]);
    add("512, touching, 3584", &[(0, 512), (512, 3584)]);
    add("100, gap, 3996", &[(0, 100), (8192, 3996)]);
    add("100 at page end, gap, 3996", &[(3996, 100), (8192, 3996)]);
    add("101, gap, 3995", &[(0, 101), (8192, 3995)]);
    add("101, touching, 3995", &[(0, 101), (101, 3995)]);
    add("2048, touching, 2048", &[(0, 2048), (2048, 2048)]);
    add("4096, gap, 4096 at +1", &[(0, 4096), (8193, 4096)]);
    add("4096, gap, 512 at +512", &[(0, 4096), (8704, 512)]);
    add("4096, gap, 4096 at +512", &[(0, 4096), (8704, 4096)]);
    add("4096 at +4, gap, 4096 at +4", &[(4, 4096), (12_292, 4096)]);
    add("empty, 4096", &[(8192, 0), (0, 4096)]);
    add(
        "4096, empty at +1, 4096",
        &[(0, 4096), (12_289, 0), (8192, 4096)],
    );
    add("4, gap, 4092", &[(0, 4), (8192, 4092)]);
    add("2 at page end, 4094 at page", &[(4094, 2), (4096, 4094)]);
    add("4096, 4096, 512", &[(0, 4096), (8192, 4096), (16_384, 512)]);
    let many = |count: u64, stride: u64, length: u64| -> Vec<(u64, u64)> {
        (0..count).map(|index| (index * stride, length)).collect()
    };
    add("8 of 512 apart", &many(8, 8192, 512));
    add("8 of 512 touching", &many(8, 512, 512));
    add(
        "8 of 512 at page ends",
        &(0..8).map(|i| (i * 8192 + 3584, 512)).collect::<Vec<_>>(),
    );
    add("64 of 4096 apart", &many(64, 8192, 4096));
    add("300 of 4096 apart", &many(300, 8192, 4096));
    add("1024 of 512 apart", &many(1024, 8192, 512));
    add("1024 of 4096 touching", &many(1024, 4096, 4096));
    let mut late = many(40, 8192, 4096);
    late[20].0 += 1;
    add("40 of 4096, the 21st at +1", &late);
    let mut late = many(300, 8192, 4096);
    late[290].0 += 512;
    add("300 of 4096, the 291st at +512", &late);
    shapes
}

/// Reads where there is nothing to read from the device: holes, unwritten extents, the end.
fn edge_shapes(region: Region) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let mut add = |name: &str, offset: u64, delta: u64, length: u64| {
        let pieces = vec![Piece { delta, length }];
        shapes.push(Shape {
            name: name.to_owned(),
            offset,
            pieces,
        });
    };
    let last_page = (region.size - 1) / PAGE * PAGE;
    add("aligned across the end", last_page, 0, 2 * PAGE);
    add(
        "aligned at the end",
        region.size.next_multiple_of(PAGE),
        0,
        PAGE,
    );
    add(
        "past the end",
        region.size.next_multiple_of(PAGE) + PAGE,
        0,
        PAGE,
    );
    add(
        "past the end, address +1, offset +5",
        region.size.next_multiple_of(PAGE) + 5,
        1,
        100,
    );
    add("across the end, address +512", last_page, 512, 2 * PAGE);
    if region.is_file() {
        add("hole", region.data_end, 0, PAGE);
        add(
            "hole, address +3, offset +5, length 777",
            region.data_end + 5,
            3,
            777,
        );
        add("unwritten", region.hole_end, 0, PAGE);
        add(
            "unwritten, address +3, offset +5, length 777",
            region.hole_end + 5,
            3,
            777,
        );
        add(
            "to the odd end exactly",
            last_page,
            0,
            region.size - last_page,
        );
    }
    shapes
}
