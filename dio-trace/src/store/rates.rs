//! Requests per second of the whole trace, by verdict: the data of sparklines.

use std::collections::VecDeque;

use crate::{
    model::{Timestamp, Verdict},
    store::bounds::RATE_SECONDS,
};

const SECOND: i64 = 1_000_000_000;

/// Requests per second by verdict in one second.
pub(crate) type Second = [f64; Verdict::ALL.len()];

/// A ring of seconds.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    seconds: VecDeque<Second>,
    /// Number of the newest second since the epoch.
    newest: i64,
    /// Time of the newest batch.
    until: Option<Timestamp>,
}

impl Rates {
    /// Adds the requests of a batch that was closed at `time`. They are spread evenly over the time
    /// since the batch before it, because batches do not close on the second.
    pub fn add(&mut self, time: Timestamp, counts: [u64; Verdict::ALL.len()]) {
        let before = self
            .until
            .unwrap_or(Timestamp(time.0.saturating_sub(SECOND)));
        let start = before
            .0
            .max(time.0.saturating_sub(RATE_SECONDS as i64 * SECOND));
        let last = time.0.saturating_sub(1).div_euclid(SECOND);
        self.advance(last);
        self.until = Some(time.max(before));
        let length = time.0.saturating_sub(start);
        if length <= 0 {
            self.put(last, counts, 1.0);
            return;
        }
        for second in start.div_euclid(SECOND)..=last {
            let begin = start.max(second.saturating_mul(SECOND));
            let end = time.0.min((second + 1).saturating_mul(SECOND));
            self.put(second, counts, (end - begin) as f64 / length as f64);
        }
    }

    fn put(&mut self, second: i64, counts: [u64; Verdict::ALL.len()], share: f64) {
        let Ok(age) = usize::try_from(self.newest.saturating_sub(second)) else {
            return;
        };
        let Some(index) = self.seconds.len().checked_sub(age + 1) else {
            return;
        };
        for (rate, count) in self.seconds[index].iter_mut().zip(counts) {
            *rate += count as f64 * share;
        }
    }

    fn advance(&mut self, second: i64) {
        if self.seconds.is_empty() {
            // One more, because the first batch reaches back into the second before.
            self.newest = second - 2;
        }
        let passed = second
            .saturating_sub(self.newest)
            .clamp(0, RATE_SECONDS as i64 + 1);
        for _ in 0..passed {
            self.seconds.push_back(Second::default());
        }
        self.newest = self.newest.max(second);
        while self.seconds.len() > RATE_SECONDS {
            self.seconds.pop_front();
        }
    }

    /// Rates of one verdict, oldest first, without the newest second, which is not complete.
    pub fn of(&self, verdict: Verdict) -> impl ExactSizeIterator<Item = f64> + '_ {
        let whole = self.seconds.len().saturating_sub(1);
        self.seconds
            .range(..whole)
            .map(move |second| second[verdict as usize])
    }

    /// Mean rates of the last few whole seconds.
    #[must_use]
    pub fn now(&self) -> [f64; Verdict::ALL.len()] {
        /// Number of seconds: short enough to be current, long enough to be readable.
        const SMOOTHED: usize = 3;
        let whole = self.seconds.len().saturating_sub(1);
        let taken = whole.min(SMOOTHED);
        let mut mean = Second::default();
        for second in self.seconds.range(whole - taken..whole) {
            for (mean, rate) in mean.iter_mut().zip(second) {
                *mean += rate / taken as f64;
            }
        }
        mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(count: u64) -> [u64; 5] {
        [count, 0, 0, 0, 0]
    }

    #[test]
    fn a_steady_rate_is_steady_whatever_the_phase() {
        let mut rates = Rates::default();
        for tick in 0..20 {
            // Off by half a second, with some jitter.
            let time = Timestamp(tick * SECOND + SECOND / 2 + (tick % 3) * 1_000_000);
            rates.add(time, aligned(1_000));
        }
        let seen: Vec<f64> = rates.of(Verdict::Aligned).skip(2).collect();
        assert!(seen.len() > 10 && seen.len() < RATE_SECONDS);
        assert!(
            seen.iter().all(|rate| (rate - 1_000.0).abs() < 5.0),
            "{seen:?}"
        );
        assert!((rates.now()[0] - 1_000.0).abs() < 5.0);
    }

    #[test]
    fn a_long_silence_is_bounded() {
        let mut rates = Rates::default();
        rates.add(Timestamp(SECOND), aligned(10));
        rates.add(Timestamp(1_000_000 * SECOND), aligned(10));
        assert_eq!(rates.of(Verdict::Aligned).len(), RATE_SECONDS - 1);
        rates.add(Timestamp(SECOND), aligned(1));
        rates.add(Timestamp(i64::MAX), aligned(1));
        rates.add(Timestamp(i64::MIN), aligned(1));
    }
}
