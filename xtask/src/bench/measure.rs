//! Measuring one case under one observer.

use std::time::Duration;

use anyhow::{Context, Result};

use super::{
    cases::Case,
    observer::Observer,
    results::{Cost, Spread},
};
use crate::workload::{Repeater, monotonic};

/// Rounds of each case. The median leaves those aside in which something else ran.
const ROUNDS: u64 = 21;
/// After it, a process may send its full share of details anew (`Settings::DETAIL_WINDOW`), and all
/// that is under way has been delivered.
const SETTLE: Duration = Duration::from_millis(1100);

/// What was measured.
pub(super) struct Measured {
    /// In the thread that asks, for each request.
    pub(super) asking: Spread,
    /// In the observer's process, for each request.
    userspace: f64,
    /// Bytes, or negative errno.
    pub(super) result: i64,
}

impl Measured {
    /// What the observer added to what was measured without it.
    pub(super) fn over(&self, untraced: Spread, told: bool) -> Cost {
        Cost {
            added: self.asking.median - untraced.median,
            spread: self.asking,
            userspace: told.then_some(self.userspace),
        }
    }
}

/// Issues the case's requests, in rounds.
///
/// # Errors
/// When a request has another result than the first.
pub(super) fn measure(case: &Case, observer: &Observer) -> Result<Measured> {
    let mut repeater = open(case)?;
    let number = case.round();
    // Memory is given out, and files are met, the first time.
    repeater.run(number)?;
    std::thread::sleep(SETTLE);
    let (started, cpu) = (monotonic(), observer.cpu()?);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let before = observer.cpu()?;
        let elapsed = repeater.run(number)?;
        // What the observer did meanwhile, on this one processor, is counted below.
        let meanwhile = observer.cpu()? - before;
        rounds.push(elapsed.saturating_sub(meanwhile) as f64 / number as f64);
    }
    std::thread::sleep(SETTLE);
    let idle = observer.idle * (monotonic() - started) as f64;
    let busy = (observer.cpu()? - cpu) as f64 - idle;
    Ok(Measured {
        asking: spread(rounds),
        userspace: busy / (ROUNDS * number) as f64,
        result: repeater.result(),
    })
}

/// The case's request, ready to be repeated.
///
/// # Errors
/// When its target cannot be opened.
pub(super) fn open(case: &Case) -> Result<Repeater> {
    let target = case.place.target(case.cached);
    Repeater::new(&target, case.shape).with_context(|| case.name())
}

/// Waits until a process may send its full share of details, and all that is under way has arrived.
pub(super) fn settle() {
    std::thread::sleep(SETTLE);
}

fn spread(mut rounds: Vec<f64>) -> Spread {
    rounds.sort_by(f64::total_cmp);
    let at = |index: usize| rounds.get(index).copied().unwrap_or(0.0);
    Spread {
        median: at(rounds.len() / 2),
        low: at(0),
        high: at(rounds.len().saturating_sub(1)),
    }
}
