//! Any records are read as they were written.

use std::time::Duration;

use proptest::{collection::vec, prelude::*};

use super::arbitrary::{batch, environment};
use crate::{
    model::{Batch, Timestamp},
    recording::{Decoder, Ending, Pace, Reader, Writer},
};

/// Writes every batch at once.
const EAGER: Pace = Pace {
    flush: Duration::ZERO,
    idle: Duration::ZERO,
};

pub(super) fn written(batches: &[Batch]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), environment(), EAGER).unwrap();
    for batch in batches {
        writer.write(batch.clone()).unwrap();
    }
    writer
        .finish(Batch {
            time: Timestamp(9),
            ..Batch::default()
        })
        .unwrap()
}

pub(super) fn read(bytes: &[u8]) -> (Vec<Batch>, Option<Ending>) {
    let mut reader = Reader::new(bytes).unwrap();
    assert_eq!(reader.metadata().environment, environment());
    let mut decoder = Decoder::default();
    let mut batches = Vec::new();
    while let Some(rows) = reader.next_rows().unwrap() {
        batches.extend(decoder.batches(&rows).unwrap());
    }
    (batches, reader.ending())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_field_comes_back(batches in vec(batch(), 0..4)) {
        let (mut read, ending) = read(&written(&batches));
        prop_assert_eq!(ending, Some(Ending::Finished));
        prop_assert_eq!(read.pop().map(|batch| batch.time), Some(Timestamp(9)));
        prop_assert_eq!(read, batches);
    }
}
