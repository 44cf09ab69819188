//! The truth test: issues known requests at each place, and has the kernel's answers and the
//! recording judged.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::{
    judge::{Asked, judge, judge_predictions},
    outcome::Outcome,
    place::Made,
    places::places,
    setting::Setting,
};
use crate::workload::{Region, answer::Answer};

/// Number of random requests at each place.
const SAMPLE: u64 = 60;
const FULL: u64 = 3000;

/// Runs the test at every place that this guest can have.
pub(super) fn run(setting: &Setting, outcome: &mut Outcome) -> anyhow::Result<()> {
    let places: Vec<_> = places().filter(|place| setting.wants(place.name)).collect();
    if places.is_empty() {
        return Ok(());
    }
    let path = setting.work.join("truth.arrow");
    let recording = match setting.traced {
        true => Some(setting.tracer.record(&path, &["--all"])?),
        false => None,
    };
    let mut asked = Vec::new();
    for place in places {
        let made = match place.make() {
            Ok(made) => made,
            Err(reason) => {
                outcome.skip(place.name, &format!("{reason:#}"));
                continue;
            }
        };
        let started = std::time::Instant::now();
        let done = ask(setting, made);
        println!(
            "     {} took {:.1} s",
            place.name,
            started.elapsed().as_secs_f64()
        );
        match done {
            Ok(done) => asked.push(done),
            Err(reason) => outcome.skip(place.name, &format!("{reason:#}")),
        }
    }
    match recording {
        Some(recording) => judge(setting, outcome, &asked, &recording.stop()?),
        None => judge_predictions(setting, outcome, &asked),
    }
    Ok(())
}

/// Issues all requests at one place.
fn ask<'a>(setting: &Setting, mut made: Made<'a>) -> anyhow::Result<Asked<'a>> {
    let number = if setting.full { FULL } else { SAMPLE };
    let target = made.target.clone();
    let (number, seed) = (number.to_string(), setting.seed.to_string());
    let mut matrix = vec!["matrix", &target, "--random", &number, "--seed", &seed];
    if setting.full {
        matrix.push("--every-call");
    }
    let mut answers = Vec::new();
    for plan in [matrix, vec!["exit-in-flight", &target]] {
        answers.extend(workload(&plan, made.place.takes_huge_pages())?);
    }
    let size = std::fs::File::open(&target)
        .and_then(|mut file| std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)))?;
    let region = if std::fs::metadata(&target)?.is_file() {
        Region::FILE
    } else {
        Region::device(size)
    };
    made.take_down();
    Ok(Asked {
        made,
        region,
        answers,
    })
}

/// Runs a workload in a process of its own.
fn workload(plan: &[&str], huge: bool) -> anyhow::Result<Vec<Answer>> {
    let output = Command::new(std::env::current_exe()?)
        .args(["workload", "--comm", "dio-workload"])
        .args(huge.then_some("--huge"))
        .args(plan)
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("not an answer: {line}")))
        .collect()
}
