//! The comparison as text: the verdict in words, then each finding.

use std::fmt::Write;

use crate::{
    compare::{Basis, Change, Comparison, Line, Outcome},
    model::printable,
    text::{number, rate},
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
        add("  change      before     after  per 1,000 direct requests of the program there");
    }
    for line in &comparison.lines {
        add(&one(line));
        if let Some(note) = &line.note {
            add(&format!("                                {note}"));
        }
    }
    text
}

fn of(comparison: &Comparison, change: Change) -> usize {
    let lines = comparison.lines.iter();
    lines.filter(|line| line.change == change).count()
}

/// The verdict in words: fixed, better, same, worse, or that it cannot be said, and why.
fn answer(comparison: &Comparison) -> String {
    let counts: Vec<String> = [
        (Change::New, "new"),
        (Change::Worse, "worse"),
        (Change::Same, "unchanged"),
        (Change::Better, "better"),
        (Change::Fixed, "fixed"),
        (Change::Unknown, "unknown"),
    ]
    .into_iter()
    .map(|(change, word)| (of(comparison, change), word))
    .filter(|(count, _)| *count != 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let findings = if counts.is_empty() {
        "no findings in either recording".to_owned()
    } else {
        format!("findings: {}", counts.join(", "))
    };
    let verdict = match comparison.outcome() {
        Outcome::Finding => "WORSE".to_owned(),
        Outcome::Inconclusive => format!("CANNOT BE SAID, because {}", why(comparison)),
        Outcome::Good => {
            let left = of(comparison, Change::Same) + of(comparison, Change::Better);
            let changed = of(comparison, Change::Better) + of(comparison, Change::Fixed);
            match (left, changed) {
                (_, 0) => "SAME",
                (0, _) => "FIXED",
                _ => "BETTER",
            }
            .to_owned()
        }
    };
    format!("{verdict}; {findings}")
}

/// The reason why nothing can be said: that of the recordings, or of the largest finding.
fn why(comparison: &Comparison) -> &str {
    let of_lines = comparison
        .lines
        .iter()
        .filter_map(|line| line.note.as_ref());
    let mut reasons = comparison.doubts.iter().chain(of_lines);
    reasons.next().map_or("too little is known", String::as_str)
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
    let files = match (line.basis, line.files[0].max(line.files[1])) {
        (Basis::SameCause, _) => "other files, same cause".to_owned(),
        (Basis::SameFiles, 1) => "same file".to_owned(),
        (Basis::SameFiles, files) => format!("same {} files", number(files as u64)),
    };
    format!(
        "  {word:<9} {:>8}  {:>8}  {}: {} ({files})",
        rate(line.per_thousand[0]),
        rate(line.per_thousand[1]),
        line.key.who(),
        line.key.what(line.operations.iter().copied()),
    )
}
