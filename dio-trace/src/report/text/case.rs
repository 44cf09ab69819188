//! Findings as text: one program and file, with everything that is wrong there.

use std::collections::BTreeMap;

use crate::{
    diagnose::{Diagnosis, Severity, diagnose},
    model::{Flag, Reason, Record, Verdict},
    report::{
        Case, Frequent, Place, Seen, Summary,
        text::{layout::Page, tables::place_name},
    },
    text::{listed, number},
};

/// Start of the advice that is the same for every program; the report shows it once, at its end.
const GENERAL: &str = "do not hard-code a number";

/// Number of functions of a call stack that are shown; those after them are the likes of `main`.
const FRAMES: usize = 10;

/// The cases of one program and file, worst first.
pub(super) struct Group<'a> {
    place: &'a Place,
    cases: Vec<(&'a Case, &'a Seen)>,
}

impl Group<'_> {
    /// Number of requests in it.
    pub(super) fn count(&self) -> u64 {
        self.cases.iter().map(|(_, seen)| seen.volume.count).sum()
    }

    /// The key to sort by: the worst first.
    fn rank(&self) -> (u8, std::cmp::Reverse<u64>) {
        let worst = self
            .cases
            .first()
            .map_or(u8::MAX, |(case, _)| badness(case));
        let count = self.cases.iter().filter(|(case, _)| badness(case) == worst);
        (
            worst,
            std::cmp::Reverse(count.map(|(_, seen)| seen.volume.count).sum()),
        )
    }
}

/// The badness of a case; 0 is the worst.
fn badness(case: &Case) -> u8 {
    match case.verdict {
        _ if case.flags.contains(Flag::Probing) => 7,
        _ if case.flags.contains(Flag::Unchecked) => 0,
        Verdict::Rejected => 1,
        Verdict::Buffered => 2,
        Verdict::Failed => 3,
        Verdict::Accepted => 4,
        Verdict::Aligned if case.flags.contains(Flag::Short) => 5,
        Verdict::Aligned => 6,
    }
}

/// Everything that is not plainly aligned, by program and file.
pub(super) fn groups(summary: &Summary) -> Vec<Group<'_>> {
    let mut by_place: BTreeMap<&Place, Vec<(&Case, &Seen)>> = BTreeMap::new();
    for (case, seen) in &summary.cases {
        by_place.entry(&case.place).or_default().push((case, seen));
    }
    let mut groups: Vec<Group<'_>> = by_place
        .into_iter()
        .map(|(place, mut cases)| {
            cases.sort_by_key(|(case, seen)| {
                (
                    badness(case),
                    std::cmp::Reverse(seen.volume.count),
                    (*case).clone(),
                )
            });
            Group { place, cases }
        })
        .collect();
    groups.sort_by_key(Group::rank);
    groups
}

/// Shows one group.
pub(super) fn show(page: &mut Page, summary: &Summary, number_: usize, group: &Group<'_>) {
    let total = summary
        .places
        .get(group.place)
        .map_or(0, |tally| tally.total().count);
    page.line("");
    page.line(&format!("{number_}. {}", place_name(group.place)));
    let mut advice: Vec<String> = Vec::new();
    for (case, seen) in &group.cases {
        let Some(example) = seen.example() else {
            continue;
        };
        let diagnosis = diagnose(example, summary.metadata.environment.rule_set);
        page.line(&format!(
            "   {} of {} requests: {}{}",
            number(seen.volume.count),
            number(total),
            what(case),
            reasons(&diagnosis)
        ));
        explain(page, example, &diagnosis);
        if let Some(stack) = seen.stacks.most_frequent() {
            calls(page, stack);
        }
        for one in diagnosis.advice {
            if !advice.contains(&one) && !one.starts_with(GENERAL) {
                advice.push(one);
            }
        }
    }
    if !advice.is_empty() {
        page.line("   to change:");
        for one in advice {
            page.line(&format!("   - {one}"));
        }
    }
}

fn what(case: &Case) -> String {
    let flags: Vec<&str> = case.flags.words().collect();
    let flags = if flags.is_empty() {
        String::new()
    } else {
        format!(" ({})", flags.join(", "))
    };
    format!("{} {}{flags}", case.operation, case.verdict)
}

fn reasons(diagnosis: &Diagnosis) -> String {
    let words: Vec<String> = diagnosis
        .faults
        .iter()
        .map(|fault| fault.reason.word().replace('_', " "))
        .collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(", {}", listed(&words))
    }
}

fn explain(page: &mut Page, example: &Record, diagnosis: &Diagnosis) {
    if example.request.is_some() {
        page.line(&format!(
            "     for example at {}, pid {}: {}",
            example.time, example.pid, diagnosis.headline
        ));
    }
    let single = example
        .request
        .as_ref()
        .is_some_and(|one| one.geometry.segment_count == 1)
        && example.reasons.contains(Reason::TotalLength);
    for fault in &diagnosis.faults {
        // The length of the only segment is that of the request.
        if single && fault.reason == Reason::SegmentLength {
            continue;
        }
        let rule = if fault.broken {
            format!("; rule {} ({})", diagnosis.rule_set, fault.function)
        } else {
            String::new()
        };
        page.line(&format!("     {}{rule}", fault.sentence));
    }
    for note in &diagnosis.notes {
        let mark = if note.severity == Severity::Danger {
            "!! "
        } else {
            ""
        };
        page.line(&format!("     {mark}{}", note.sentence));
    }
    if let Some(portability) = &diagnosis.portability
        && !diagnosis.faults.is_empty()
    {
        page.line(&format!("     {}", portability.sentence));
    }
}

/// Shows the place in the program that issued most of the requests.
fn calls(page: &mut Page, Frequent { frames, count, of }: Frequent<'_>) {
    let often = if count == of {
        "issued by".to_owned()
    } else {
        let (count, of) = (number(count), number(of));
        format!("most often issued by ({count} of {of} with a call stack)")
    };
    page.line(&format!("     {often}, innermost function first:"));
    for frame in frames.iter().take(FRAMES) {
        page.line(&format!("       {frame}"));
    }
    if let Some(more @ 1..) = frames.len().checked_sub(FRAMES) {
        page.line(&format!("       and {more} more"));
    }
}
