//! The cost of each program, as the kernel itself counts it.

use std::{collections::HashMap, fs};

use anyhow::{Context, Result};

use super::{cases::Case, floor::Hooks, measure, results::Program};

/// Turns the kernel's counting on.
const SWITCH: &str = "/proc/sys/kernel/bpf_stats_enabled";
/// The cases that are broken down.
const LOOKED_INTO: &[&str] = &[
    "xfs read",
    "xfs write",
    "ext4 read",
    "btrfs read",
    "raw read",
    "xfs misaligned read",
    "xfs misaligned read, 1024 segments",
    "ext4 cached read",
    "btrfs cached read",
    "raw cached read",
];

/// Measures some of the cases while dio-trace is attached.
///
/// # Errors
/// When the kernel does not count.
pub(super) fn costs(cases: &[&Case], hooks: &Hooks) -> Result<Vec<Program>> {
    let types = hooks.types()?;
    fs::write(SWITCH, "1").context(SWITCH)?;
    let mut found = Vec::new();
    for case in cases
        .iter()
        .filter(|case| LOOKED_INTO.contains(&case.name().as_str()))
    {
        let mut repeater = measure::open(case)?;
        let number = 2 * case.round();
        repeater.run(number)?;
        measure::settle();
        let before: HashMap<u32, (u64, u64)> = types
            .attached()
            .into_iter()
            .map(|one| (one.program, (one.runs, one.nanoseconds)))
            .collect();
        repeater.run(number)?;
        for after in types.attached() {
            let (runs, nanoseconds) = before.get(&after.program).copied().unwrap_or_default();
            if after.runs != runs {
                found.push(Program {
                    case: case.name(),
                    place: after.place,
                    verified: after.verified,
                    runs: (after.runs - runs) as f64 / number as f64,
                    instructions: (after.nanoseconds - nanoseconds) as f64 / number as f64,
                });
            }
        }
    }
    fs::write(SWITCH, "0").context(SWITCH)?;
    Ok(found)
}
