//! Checks that attempts by which a program finds out an alignment are no faults, and that attempts without
//! success are.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::{disks, outcome::Outcome, setting::Setting, verify::exit_code};

/// Runs a program of each kind on a disk whose blocks of 4096 bytes every kernel asks for.
pub(super) fn run(setting: &Setting, outcome: &mut Outcome) -> anyhow::Result<()> {
    let Some(disk) = disks::with_blocks_of_4096() else {
        outcome.skip("probing", "this guest has no disk with 4096-byte blocks");
        return Ok(());
    };
    let workload = std::env::current_exe()?;
    for (scenario, attempts, rejected) in [("probe", 5, 0), ("tries", 0, 3)] {
        let workload = workload.display();
        let script = format!("{workload} workload scenario {scenario} {disk} > /dev/null");
        let recording = setting.work.join(format!("{scenario}.dio"));
        record(setting, &recording, &script)?;
        let rows = setting.tracer.requests(&recording.to_string_lossy())?;
        let probing = count(rows.iter().filter(|row| is_probing(row)));
        let faults = faults(&rows);
        outcome.check(
            format!("probing: `{scenario}` makes {attempts} attempts and {rejected} faults"),
            (probing, faults) == (attempts, rejected),
            format!("{probing} attempts, {faults} faults"),
        );
        if setting.brief {
            // The same rows; another start costs half a minute of an emulated guest.
            continue;
        }
        let expected = i32::from(rejected != 0);
        let name = ["probing", &format!("`{scenario}`")];
        exit_code(setting, outcome, name, &script, expected)?;
    }
    Ok(())
}

/// Records a shell command.
pub(super) fn record(setting: &Setting, recording: &Path, script: &str) -> anyhow::Result<()> {
    let path = recording.to_string_lossy();
    let (code, text) = setting
        .tracer
        .run(&["record", "-o", &path, "--", "sh", "-c", script])?;
    (code == Some(0))
        .then_some(())
        .with_context(|| format!("record of {script:?} exited with {code:?}: {text}"))
}

/// Number of requests that were rejected, without those that only tried out an alignment.
pub(super) fn faults(rows: &[Value]) -> u64 {
    let faults = rows.iter().filter(|row| !is_probing(row));
    count(faults.filter(|row| row["verdict"] == "rejected"))
}

/// Whether a row has the flag `probing`.
pub(super) fn is_probing(row: &Value) -> bool {
    let flags = row["flags"].as_array();
    flags.is_some_and(|flags| flags.iter().any(|flag| flag == "probing"))
}

fn count<'r>(rows: impl Iterator<Item = &'r Value>) -> u64 {
    rows.filter_map(|row| row["count"].as_u64()).sum()
}
