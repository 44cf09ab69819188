//! The time line of a replay, as the screen shows it.

use crate::model::Timestamp;

/// Parts into which the time line is divided for its picture of trouble.
const PARTS: usize = 512;

/// How fast a replay runs, in times of the original; `None` is as fast as it can be read.
pub const SPEEDS: [Option<f64>; 8] = [
    Some(0.25),
    Some(0.5),
    Some(1.0),
    Some(2.0),
    Some(10.0),
    Some(60.0),
    Some(600.0),
    None,
];

/// State of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Playback {
    /// Start of the recording.
    pub start: Timestamp,
    /// Where it stands: the time of the newest batch shown.
    pub position: Timestamp,
    /// What lies where; grows while the recording is looked through.
    pub outline: Outline,
    /// Whether it runs.
    pub playing: bool,
    /// Number of its speed in [`SPEEDS`].
    pub speed: usize,
}

impl Playback {
    /// A replay that starts there, as fast as it can be read.
    #[must_use]
    pub const fn new(start: Timestamp) -> Self {
        Self {
            start,
            position: start,
            outline: Outline::new(start),
            playing: true,
            speed: SPEEDS.len() - 1,
        }
    }

    /// Whether all of it has been shown.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.outline.complete && self.position >= self.outline.end
    }
}

/// Requests and trouble along the time line.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    start: Timestamp,
    /// Time of the last batch found.
    pub end: Timestamp,
    /// Whether `end` is the end.
    pub complete: bool,
    /// Nanoseconds in one part.
    part: u64,
    /// Buffered and rejected requests of each part.
    trouble: Vec<u64>,
}

impl Outline {
    /// An empty one.
    #[must_use]
    pub const fn new(start: Timestamp) -> Self {
        Self {
            start,
            end: start,
            complete: false,
            part: 1_000_000_000,
            trouble: Vec::new(),
        }
    }

    /// Adds a batch with so much trouble. Parts grow when there are too many: memory is bounded.
    pub fn add(&mut self, time: Timestamp, trouble: u64) {
        self.end = self.end.max(time);
        let from_start = time.since(self.start);
        while from_start / self.part >= PARTS as u64 {
            self.part = self.part.saturating_mul(2);
            self.trouble = self
                .trouble
                .chunks(2)
                .map(|pair| pair.iter().sum())
                .collect();
        }
        let index = (from_start / self.part) as usize;
        if self.trouble.len() <= index {
            self.trouble.resize(index + 1, 0);
        }
        self.trouble[index] = self.trouble[index].saturating_add(trouble);
    }

    /// Trouble in each of `columns` equal stretches from start to end. A part that is wider than a
    /// column shows in all that it covers.
    #[must_use]
    pub fn columns(&self, columns: usize) -> Vec<u64> {
        let parts = self.end.since(self.start).max(1) as f64 / self.part as f64;
        let border = |column: usize| (column as f64 * parts / columns as f64) as usize;
        (0..columns)
            .map(|column| {
                let from = border(column);
                let to = if column + 1 == columns {
                    usize::MAX
                } else {
                    border(column + 1)
                };
                let covered = self.trouble.iter().take(to.max(from + 1)).skip(from);
                covered.fold(0, |sum: u64, trouble| sum.saturating_add(*trouble))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_bounded_and_adds_up() {
        let mut outline = Outline::new(Timestamp(0));
        for second in 0..100_000_i64 {
            outline.add(Timestamp(second * 1_000_000_000), 3);
        }
        assert!(outline.trouble.len() <= PARTS);
        for columns in [1, 7, 80] {
            assert_eq!(outline.columns(columns).iter().sum::<u64>(), 300_000);
        }
        assert!(outline.columns(0).is_empty());
        assert!(outline.columns(2_000).iter().all(|trouble| *trouble != 0));
    }
}
