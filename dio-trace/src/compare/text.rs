//! The comparison as text.

use std::fmt::Write;

use crate::{
    compare::{Change, Comparison, Line, Outcome},
    model::printable,
    text::{listed, number, rate},
};

/// The whole comparison.
#[must_use]
pub fn text(comparison: &Comparison) -> String {
    let mut text = String::new();
    let mut add = |line: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", printable(line));
    };
    add(&answer(comparison));
    add(&format!(
        "misaligned per 1,000 direct requests: {} of {} before, {} of {} after",
        rate(comparison.misaligned_per_thousand[0]),
        number(comparison.requests[0]),
        rate(comparison.misaligned_per_thousand[1]),
        number(comparison.requests[1]),
    ));
    for doubt in &comparison.doubts {
        add(&format!("doubt: {doubt}"));
    }
    if !comparison.lines.is_empty() {
        add("");
        add("  change      before     after  per 1,000 direct requests of that program and file");
    }
    for line in &comparison.lines {
        add(&one(line));
        if let Some(note) = &line.note {
            add(&format!("                                {note}"));
        }
    }
    text
}

fn answer(comparison: &Comparison) -> String {
    let count = |change| {
        comparison
            .lines
            .iter()
            .filter(|line| line.change == change)
            .count()
    };
    let counts: Vec<String> = [
        (Change::New, "new"),
        (Change::Worse, "worse"),
        (Change::Same, "unchanged"),
        (Change::Better, "better"),
        (Change::Fixed, "fixed"),
        (Change::Unknown, "unknown"),
    ]
    .into_iter()
    .filter(|(change, _)| count(*change) != 0)
    .map(|(change, word)| format!("{} {word}", count(change)))
    .collect();
    let faults = if counts.is_empty() {
        "no misaligned requests in either recording".to_owned()
    } else {
        format!("faults: {}", counts.join(", "))
    };
    match comparison.outcome() {
        Outcome::Good => format!("Nothing is new or worse; {faults}"),
        Outcome::Finding => format!("WORSE THAN BEFORE; {faults}"),
        Outcome::Inconclusive => format!("UNDECIDED: these recordings cannot answer; {faults}"),
    }
}

fn one(line: &Line) -> String {
    let word = match line.change {
        Change::New => "NEW",
        Change::Worse => "WORSE",
        Change::Unknown => "unknown",
        Change::Same => "unchanged",
        Change::Better => "better",
        Change::Fixed => "fixed",
    };
    let fault = &line.fault;
    let reasons: Vec<String> = fault
        .reasons
        .iter()
        .map(|reason| reason.replace('_', " "))
        .collect();
    let reasons = if reasons.is_empty() {
        String::new()
    } else {
        format!(": {}", listed(&reasons))
    };
    format!(
        "  {word:<9} {:>8}  {:>8}  {}, {}: {} {}{reasons}",
        rate(line.per_thousand[0]),
        rate(line.per_thousand[1]),
        fault.comm,
        fault.file,
        fault.operation,
        fault.verdict,
    )
}
