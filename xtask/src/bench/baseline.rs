//! Comparison with the results of an earlier measurement.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{
    results::{Results, Unit},
    table::quantity,
};

/// Share by which a value may be worse without being reported.
const SHARE: f64 = 0.05;

/// One value that got worse.
#[derive(Debug, PartialEq)]
pub(super) struct Worse {
    name: String,
    unit: Unit,
    before: f64,
    now: f64,
}

impl std::fmt::Display for Worse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{}: {}, was {}",
            self.name,
            quantity(self.now, self.unit),
            quantity(self.before, self.unit)
        )
    }
}

/// Reads saved results; `None` where there is no such file.
///
/// # Errors
/// When the file contains something else.
pub(super) fn read(path: &Path) -> Result<Option<Results>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    let results = serde_json::from_slice(&text);
    results.with_context(|| format!("{} does not contain results", path.display()))
}

/// The values that are more than 5 % worse than before, and by more than chance explains.
pub(super) fn compare(before: &Results, now: &Results) -> Vec<Worse> {
    let before = values(before);
    let worse = values(now).into_iter().filter_map(|(name, unit, now)| {
        let (.., before) = *before.iter().find(|(known, ..)| *known == name)?;
        let by = now - before;
        (by > before.abs() * SHARE && by > chance(unit)).then_some(Worse {
            name,
            unit,
            before,
            now,
        })
    });
    worse.collect()
}

/// The largest difference that chance explains, in the unit of the value.
const fn chance(unit: Unit) -> f64 {
    match unit {
        Unit::Instructions => 20.0,
        Unit::Seconds => 0.02,
        Unit::Mebibytes => 0.5,
        // Depends on when the scheduler lets userspace run.
        Unit::Times => f64::INFINITY,
        Unit::Percent => 0.0,
    }
}

/// All values of dio-trace itself; figures of other tools begin with their name and a colon.
fn values(results: &Results) -> Vec<(String, Unit, f64)> {
    let cases = results.cases.iter().flat_map(|row| {
        let named = |part: &str, value| (format!("{}{part}", row.name), Unit::Instructions, value);
        let cost = row.dio_trace?;
        let told = cost.userspace.map(|_| named(", delivered", cost.total()));
        Some([Some(named("", cost.added)), told])
    });
    let figures = results
        .figures
        .iter()
        .filter(|figure| !figure.name.contains(": "))
        .map(|figure| (figure.name.clone(), figure.unit, figure.value));
    cases.flatten().flatten().chain(figures).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::{Cost, Figure, Row, Spread};

    fn results(added: f64, seconds: f64) -> Results {
        let spread = Spread {
            typical: 0.0,
            low: 0.0,
            high: 0.0,
        };
        Results {
            cases: vec![Row {
                name: "xfs read".to_owned(),
                result: 4096,
                untraced: spread,
                floor: None,
                dio_trace: Some(Cost {
                    added,
                    spread,
                    userspace: None,
                }),
                bpftrace: None,
                target: None,
            }],
            figures: vec![Figure {
                name: "start".to_owned(),
                value: seconds,
                unit: Unit::Seconds,
                target: None,
            }],
            ..Results::default()
        }
    }

    #[test]
    fn tells_what_is_worse_and_nothing_else() {
        let before = results(1000.0, 0.4);
        assert_eq!(compare(&before, &before), []);
        assert_eq!(compare(&before, &results(900.0, 0.1)), []);
        assert_eq!(compare(&before, &results(1040.0, 0.419)), []);
        let worse = compare(&before, &results(1060.0, 0.5));
        let names: Vec<&str> = worse.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["xfs read", "start"]);
    }

    #[test]
    fn small_numbers_may_change_by_chance() {
        assert_eq!(compare(&results(0.0, 0.4), &results(15.0, 0.4)), []);
        assert_eq!(
            compare(&results(-3.0, 0.4), &results(30.0, 0.4)).len(),
            1,
            "33 instructions more than none at all"
        );
    }
}
