//! Changes: whether a rate rose or fell, or may only differ by chance.

use serde::Serialize;

/// Part of itself by which a rate must change to count as changed.
const RELATIVE: f64 = 0.1;
/// Number of standard deviations by which it must change as well, to rule out chance.
const DEVIATIONS: f64 = 3.0;
/// Number of faults that must be expected before their absence means anything.
const EXPECTED: f64 = 5.0;

/// The change of a finding from one recording to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It did not occur before.
    New,
    /// It became more frequent.
    Worse,
    /// The recordings do not show whether it changed.
    Unknown,
    /// It occurs as often as before.
    Same,
    /// It became less frequent.
    Better,
    /// It no longer occurs.
    Fixed,
}

/// The change, and the reason where it is unknown.
pub(super) fn change(count: [u64; 2], requests: [u64; 2]) -> (Change, Option<String>) {
    let rate = [0, 1].map(|side| count[side] as f64 / requests[side].max(1) as f64);
    if count[0] == 0 {
        return (Change::New, None);
    }
    if count[1] == 0 {
        let expected = rate[0] * requests[1] as f64;
        if expected >= EXPECTED {
            return (Change::Fixed, None);
        }
        let note = if requests[1] == 0 {
            "this program issued no direct requests there in AFTER".to_owned()
        } else {
            format!(
                "too few requests in AFTER: at the rate of BEFORE, {expected:.1} faults would be \
                 expected, and at least {EXPECTED:.0} are needed"
            )
        };
        return (Change::Unknown, Some(note));
    }
    let together = (count[0] + count[1]) as f64 / (requests[0] + requests[1]).max(1) as f64;
    let spread = together * (1.0 - together);
    let deviation =
        (spread / requests[0].max(1) as f64 + spread / requests[1].max(1) as f64).sqrt();
    let difference = rate[1] - rate[0];
    let changed =
        difference.abs() > RELATIVE * rate[0] && difference.abs() > DEVIATIONS * deviation;
    match changed {
        false => (Change::Same, None),
        true if difference > 0.0 => (Change::Worse, None),
        true => (Change::Better, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: [u64; 2], requests: [u64; 2]) -> Change {
        change(count, requests).0
    }

    #[test]
    fn rates_decide_and_not_counts() {
        assert_eq!(of([100, 1_000], [1_000, 10_000]), Change::Same);
        assert_eq!(of([100, 100], [1_000, 100]), Change::Worse);
        assert_eq!(of([100, 100], [1_000, 100_000]), Change::Better);
    }

    #[test]
    fn chance_is_not_a_change() {
        assert_eq!(of([10, 13], [1_000, 1_000]), Change::Same);
    }

    #[test]
    fn absence_needs_enough_requests() {
        assert_eq!(of([100, 0], [1_000, 1_000]), Change::Fixed);
        assert_eq!(of([100, 0], [1_000, 10]), Change::Unknown);
        assert_eq!(of([100, 0], [1_000, 0]), Change::Unknown);
        assert_eq!(of([0, 1], [1_000, 1_000]), Change::New);
    }
}
