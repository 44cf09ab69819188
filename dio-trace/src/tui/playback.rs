//! The time line of a replay, in the form that the screen shows.

use crate::model::Timestamp;

/// Number of parts of the time line in which trouble is counted.
const PARTS: usize = 512;

/// Speeds of a replay, as multiples of the original; `None` is as fast as it can be read.
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
    /// Present position: the time of the newest batch shown.
    pub position: Timestamp,
    /// Outline of the recording; grows while the recording is scanned.
    pub outline: Outline,
    /// Whether it is playing.
    pub playing: bool,
    /// Index of its speed in [`SPEEDS`].
    pub speed: usize,
}

impl Playback {
    /// A replay that starts at this time, as fast as it can be read.
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
    /// Whether `end` is final.
    pub complete: bool,
    /// Nanoseconds in one part.
    part: u64,
    /// Buffered and rejected requests of each part.
    trouble: Vec<u64>,
}

impl Outline {
    /// An empty outline.
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

    /// Adds a batch with this much trouble. When there are too many parts, they are made longer, so
    /// memory is bounded.
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

    /// Trouble along `columns` equal stretches from start to end. Each is the mean of its parts,
    /// because sums would show how many parts happen to fall into a column. A part wider than a
    /// column shows in all columns that it covers.
    #[must_use]
    pub fn columns(&self, columns: usize) -> Vec<f64> {
        let parts = self.end.since(self.start).max(1) as f64 / self.part as f64;
        let border = |column: usize| (column as f64 * parts / columns as f64) as usize;
        (0..columns)
            .map(|column| {
                let from = border(column);
                let to = if column + 1 == columns {
                    self.trouble.len()
                } else {
                    border(column + 1)
                };
                let length = to.saturating_sub(from).max(1);
                let covered = self.trouble.iter().skip(from).take(length);
                covered.map(|trouble| *trouble as f64).sum::<f64>() / length as f64
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
        let all: u64 = outline.trouble.iter().sum();
        assert_eq!(all, 300_000);
        assert_eq!(
            outline.columns(1),
            [all as f64 / outline.trouble.len() as f64]
        );
        // The last part is not complete.
        let steady = |columns: usize| outline.columns(columns)[..columns * 6 / 7].to_vec();
        for columns in [7, 80, 2_000] {
            assert!(
                steady(columns)
                    .windows(2)
                    .all(|pair| pair[0].total_cmp(&pair[1]).is_eq())
            );
        }
        assert!(outline.columns(0).is_empty());
    }
}
