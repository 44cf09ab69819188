//! Recordings that are cut or damaged anywhere.

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{
    arbitrary::batch,
    round_trip::{read, written},
};
use crate::{
    model::Batch,
    recording::{Ending, Reader},
};

fn batches() -> Vec<Batch> {
    let mut runner = TestRunner::deterministic();
    let batches = proptest::collection::vec(batch(), 2);
    batches.new_tree(&mut runner).unwrap().current()
}

#[test]
fn cut_at_every_byte_it_reads_to_the_last_whole_batch() {
    let batches = batches();
    let whole = written(&batches);
    let mut most = 0;
    for length in 0..whole.len() {
        let part = &whole[..length];
        if Reader::new(part).is_err() {
            assert_eq!(most, 0, "the head is gone behind batches");
            continue;
        }
        let (read, ending) = read(part);
        assert_eq!(
            ending,
            Some(Ending::Cut),
            "{length} of {} bytes",
            whole.len()
        );
        assert!(read.len() >= most, "more bytes, fewer batches");
        most = read.len();
        for (read, written) in read.iter().zip(&batches) {
            assert_eq!(read, written);
        }
    }
    assert_eq!(most, batches.len() + 1);
}

#[test]
fn a_flipped_byte_never_panics() {
    let whole = written(&batches());
    for position in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[position] ^= 0x41;
        let Ok(mut reader) = Reader::new(&damaged[..]) else {
            continue;
        };
        let mut decoder = crate::recording::Decoder::default();
        while let Ok(Some(rows)) = reader.next_rows() {
            if decoder.batches(&rows).is_err() {
                break;
            }
        }
    }
}

#[test]
fn other_files_are_refused_with_a_reason() {
    for (bytes, expected) in [
        (&b""[..], "empty"),
        (&b"ELF or whatever it may be"[..], "not a recording"),
        (&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0][..], "not a recording"),
    ] {
        let message = Reader::new(bytes).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}
