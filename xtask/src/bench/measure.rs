//! Measures one case under one observer.

use std::time::Duration;

use anyhow::{Context, Result};

use super::{
    cases::Case,
    observer::Observer,
    results::{Cost, Spread},
};
use crate::workload::{Repeater, clock::monotonic};

/// Rounds of each case. The median ignores rounds in which something else ran.
const ROUNDS: u64 = 21;
/// Rounds of cases that deliver records: more, because the mean takes longer to settle, but with
/// fewer requests than the records that a process may send in a second.
const TOLD_ROUNDS: u64 = 45;
/// Pause after which a process may again send its full share of details
/// (`Settings::DETAIL_WINDOW`), and everything under way has been delivered.
const SETTLE: Duration = Duration::from_millis(1100);

/// The measurements of one case.
pub(super) struct Measured {
    /// Instructions of the issuing thread, for each request.
    pub(super) asking: Spread,
    /// Instructions of the observer's process, for each request.
    userspace: f64,
    /// Number of times the observer's process went to sleep, for each request.
    pub(super) sleeps: f64,
    /// Number of requests.
    pub(super) issued: u64,
    /// Result of a request: bytes, or a negative errno.
    pub(super) result: i64,
}

impl Measured {
    /// The cost that the observer added to an untraced measurement.
    pub(super) fn over(&self, untraced: Spread, told: bool) -> Cost {
        Cost {
            added: self.asking.typical - untraced.typical,
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
    let count = if case.is_told() { TOLD_ROUNDS } else { ROUNDS };
    // A first pass, because the kernel allocates memory and files are sent the first time, and
    // userspace allocates memory for the largest number of records.
    for _ in 0..if case.is_told() { count } else { 1 } {
        repeater.run(number)?;
    }
    std::thread::sleep(SETTLE);
    let (started, cpu, sleeps) = (monotonic(), observer.cpu()?, observer.sleeps()?);
    let mut rounds = Vec::new();
    for _ in 0..count {
        let before = observer.cpu()?;
        let elapsed = repeater.run(number)?;
        // The observer runs on the same processor; its time is counted below.
        let meanwhile = observer.cpu()? - before;
        rounds.push(elapsed.saturating_sub(meanwhile) as f64 / number as f64);
    }
    std::thread::sleep(SETTLE);
    let idle = observer.idle * (monotonic() - started) as f64;
    let busy = (observer.cpu()? - cpu) as f64 - idle;
    let all = (count * number) as f64;
    Ok(Measured {
        asking: spread(rounds, case.is_told()),
        userspace: busy / all,
        sleeps: (observer.sleeps()? - sleeps) as f64 / all,
        issued: repeater.issued(),
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

/// Waits until a process may again send its full share of details, and everything under way has
/// arrived.
pub(super) fn settle() {
    std::thread::sleep(SETTLE);
}

fn spread(mut rounds: Vec<f64>, mean: bool) -> Spread {
    rounds.sort_by(f64::total_cmp);
    let at = |index: usize| rounds.get(index).copied().unwrap_or(0.0);
    Spread {
        typical: if mean {
            rounds.iter().sum::<f64>() / rounds.len() as f64
        } else {
            at(rounds.len() / 2)
        },
        low: at(0),
        high: at(rounds.len().saturating_sub(1)),
    }
}
