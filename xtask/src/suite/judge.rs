//! Judges the truth test: compares the kernel's answers with the rule function's predictions, and the
//! recording with both.

use std::collections::{BTreeMap, HashMap};

use dio_trace_ebpf::words::Interface;

use super::{
    case::Case,
    demonstrations,
    matching::{MISSING, match_rows},
    outcome::Outcome,
    place::Made,
    predict::predict,
    recording::Recorded,
    row::Row,
    setting::Setting,
    verdict,
};
use crate::workload::{Region, answer::Answer};

/// Number of mismatches of one kind that are printed for each place.
const SHOWN: usize = 6;

/// The requests at one place.
pub(super) struct Asked<'a> {
    pub(super) made: Made<'a>,
    pub(super) region: Region,
    pub(super) answers: Vec<Answer>,
}

#[derive(Default)]
struct Tally {
    tried: u64,
    predicted: u64,
    recorded: u64,
}

/// Checks the answers and the recording.
pub(super) fn judge(
    setting: &Setting,
    outcome: &mut Outcome,
    asked: &[Asked<'_>],
    recorded: &Recorded,
) {
    let mut by_pid: HashMap<u32, Vec<&Row>> = HashMap::new();
    for row in &recorded.rows {
        by_pid.entry(row.pid).or_default().push(row);
    }
    let mut cases = Vec::new();
    let mut extra = Vec::new();
    for place in asked {
        for answers in place
            .answers
            .chunk_by(|first, second| first.pid == second.pid)
        {
            let rows = by_pid.get(&answers[0].pid).map_or(&[][..], Vec::as_slice);
            let matched = match_rows(answers, rows);
            extra.extend(
                matched
                    .extra
                    .into_iter()
                    .map(|row| (place.made.place.name, row)),
            );
            for (answer, row) in answers.iter().zip(matched.rows) {
                let prediction = predict(&place.made, place.region, setting.rule_set, answer);
                let row = row.and_then(|row| {
                    verdict::fault(&place.made, answer, prediction, row).map_or(Ok(row), Err)
                });
                let in_hole = place.region.is_unwritten(answer.offset);
                let place = place.made.place.name;
                cases.push(Case {
                    place,
                    answer,
                    prediction,
                    in_hole,
                    row,
                });
            }
        }
    }
    tabulate(outcome, &cases);
    report_kernel(outcome, &cases);
    report(outcome, &cases, &extra);
    // The kernel skips a probe that another task is running on the same CPU (preemptible kernels,
    // `__bpf_prog_enter_recur`), and io_uring gives up a request in a worker without calling
    // anything that a probe sees. Both may happen, but must be rare and must be reported.
    let missing = cases
        .iter()
        .filter(|case| case.row.as_ref().is_err_and(|reason| reason == MISSING))
        .count() as u64;
    let lost = recorded.lost();
    outcome.check(
        "what is missing is counted as lost, and is rare",
        missing <= lost && lost * 500 <= cases.len() as u64,
        format!("{missing} missing; lost: {:?}", recorded.losses()),
    );
    demonstrations::check(setting.rule_set, outcome, &cases);
}

/// Checks only the rule function, where nothing was traced.
pub(super) fn judge_predictions(setting: &Setting, outcome: &mut Outcome, asked: &[Asked<'_>]) {
    let cases: Vec<Case<'_>> = asked
        .iter()
        .flat_map(|place| place.answers.iter().map(move |answer| (place, answer)))
        .map(|(place, answer)| Case {
            place: place.made.place.name,
            answer,
            prediction: predict(&place.made, place.region, setting.rule_set, answer),
            in_hole: place.region.is_unwritten(answer.offset),
            row: Err("not traced".to_owned()),
        })
        .collect();
    tabulate(outcome, &cases);
    report_kernel(outcome, &cases);
}

fn tabulate(outcome: &mut Outcome, cases: &[Case<'_>]) {
    let mut table: BTreeMap<(&str, Interface), Tally> = BTreeMap::new();
    for case in cases {
        let tally = table
            .entry((case.place, case.answer.interface))
            .or_default();
        tally.tried += 1;
        tally.predicted += u64::from(case.is_predicted());
        tally.recorded += u64::from(case.row.is_ok());
    }
    outcome.row(format!(
        "{:18} {:9} {:>6} {:>10} {:>9}",
        "place", "interface", "tried", "predicted", "recorded"
    ));
    for ((place, interface), tally) in table {
        outcome.row(format!(
            "{place:18} {interface:9} {:6} {:10} {:9}",
            tally.tried, tally.predicted, tally.recorded
        ));
    }
}

/// Checks the kernel's answers.
fn report_kernel(outcome: &mut Outcome, cases: &[Case<'_>]) {
    let mispredicted: Vec<String> = cases
        .iter()
        .filter(|case| !case.is_predicted())
        .map(|case| format!("{}: predicted {:?}", case.describe(), case.prediction))
        .collect();
    summarise(
        outcome,
        "the rule function predicts the kernel's answer",
        cases.len(),
        &mispredicted,
    );
    let damaged: Vec<String> = cases
        .iter()
        .filter(|case| case.answer.data_ok == Some(false) && case.place != "zram")
        .map(Case::describe)
        .collect();
    summarise(
        outcome,
        "data is right everywhere but on zram",
        cases.len(),
        &damaged,
    );
    let wrong_way: Vec<String> = cases
        .iter()
        .filter(|case| case.went_the_wrong_way())
        .map(|case| {
            format!(
                "{}: predicted {:?}, cached {:?}",
                case.describe(),
                case.prediction,
                case.answer.cached
            )
        })
        .collect();
    summarise(
        outcome,
        "reads go through the page cache where predicted",
        cases.len(),
        &wrong_way,
    );
}

/// Checks the recording of these requests.
fn report(outcome: &mut Outcome, cases: &[Case<'_>], extra: &[(&str, &Row)]) {
    let misrecorded: Vec<String> = cases
        .iter()
        .filter_map(|case| Some((case, case.row.as_ref().err()?)))
        .filter(|(_, reason)| *reason != MISSING)
        .map(|(case, reason)| format!("{}: {reason}", case.describe()))
        .collect();
    summarise(
        outcome,
        "every request is recorded once, as it was",
        cases.len(),
        &misrecorded,
    );
    let extra: Vec<String> = extra
        .iter()
        .map(|(place, row)| {
            format!(
                "{place}: {} {} offset {:?} length {:?} result {:?} count {}",
                row.interface, row.operation, row.offset, row.length, row.result, row.count
            )
        })
        .collect();
    summarise(
        outcome,
        "nothing else is recorded of these processes",
        cases.len(),
        &extra,
    );
}

fn summarise(outcome: &mut Outcome, name: &str, tried: usize, wrong: &[String]) {
    let mut shown: HashMap<&str, usize> = HashMap::new();
    for line in wrong {
        let shown = shown
            .entry(line.split(' ').next().unwrap_or_default())
            .or_default();
        *shown += 1;
        if *shown <= SHOWN {
            println!("     {line}");
        }
    }
    let detail = format!("{tried} requests, {} wrong", wrong.len());
    outcome.check(name, wrong.is_empty() && tried != 0, detail);
}
