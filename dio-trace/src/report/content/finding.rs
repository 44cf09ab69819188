//! One finding in words: who did what, why, what to change, where.

use crate::{
    diagnose::{Diagnosis, Severity, diagnose},
    model::Reason,
    report::{
        detail::Detail,
        finding::Finding,
        keys::File,
        page::{Page, Title},
    },
    text::{listed, number},
};

/// Start of the advice that is the same for every program; the report shows it once, at its end.
const GENERAL: &str = "do not hard-code a number";
/// Number of functions of a call stack that are shown; those after them are the likes of `main`.
const FRAMES: usize = 10;
/// Number of files that are named.
const FILES: usize = 3;
/// Number of processes that are named.
const PROCESSES: usize = 6;

/// The title of a finding.
pub(super) fn title(number_: usize, finding: &Finding<'_>, in_full: bool) -> Title {
    let key = &finding.key;
    Title {
        number: number_,
        in_full,
        harm: key.harm,
        text: format!(
            "{}: {} of {} requests: {}",
            key.who(),
            number(finding.volume.count),
            number(finding.of),
            key.what(finding.operations.keys().copied()),
        ),
        id: key.id(),
        share: [finding.volume.count, finding.of],
    }
}

/// Everything about one finding.
pub(super) fn in_full(page: &mut Page, finding: &Finding<'_>, detail: Detail) {
    if let Some(example) = finding.example {
        let diagnosis = diagnose(example, finding.rules);
        why(page, &diagnosis, finding);
        for advice in own(&diagnosis) {
            page.labelled("change", advice);
        }
        if let Some(portability) = &diagnosis.portability
            && !diagnosis.faults.is_empty()
        {
            page.labelled("elsewhere", &*portability.sentence);
        }
        if example.request.is_some() {
            let (headline, pid, time) = (&diagnosis.headline, example.pid, example.time);
            page.labelled("example", format!("{headline}; pid {pid}, {time}"));
        }
    }
    page.labelled("processes", processes(finding));
    files(page, finding, detail);
    if let Some(stack) = finding.most_frequent_stack() {
        let often = if stack.count == stack.of {
            "issued by, innermost function first:".to_owned()
        } else {
            let (count, of) = (number(stack.count), number(stack.of));
            format!(
                "most often issued by ({count} of {of} with a call stack), innermost function first:"
            )
        };
        page.labelled("calls", often);
        let mut frames: Vec<String> = stack
            .frames
            .iter()
            .take(FRAMES)
            .map(ToString::to_string)
            .collect();
        if let Some(more @ 1..) = stack.frames.len().checked_sub(FRAMES) {
            frames.push(format!("and {more} more"));
        }
        page.lines(frames);
    }
    if let Some(example) = finding.example {
        page.picture(example);
    }
}

/// What to change about one finding, or else why it is one.
pub(super) fn in_brief(page: &mut Page, finding: &Finding<'_>, detail: Detail) {
    if let Some(example) = finding.example {
        let diagnosis = diagnose(example, finding.rules);
        let dangers = diagnosis.notes.iter();
        for danger in dangers.filter(|note| note.severity == Severity::Danger) {
            page.labelled("why", format!("!! {}", danger.sentence));
        }
        match own(&diagnosis).next() {
            Some(advice) => page.labelled("change", advice),
            None => why(page, &diagnosis, finding),
        }
    }
    if detail.all_files {
        files(page, finding, detail);
    }
}

/// The advice of its own.
fn own(diagnosis: &Diagnosis) -> impl Iterator<Item = &str> {
    let advice = diagnosis.advice.iter().map(String::as_str);
    advice.filter(|one| !one.starts_with(GENERAL))
}

fn why(page: &mut Page, diagnosis: &Diagnosis, finding: &Finding<'_>) {
    let example = finding.example;
    let single = example
        .and_then(|example| example.request.as_ref())
        .is_some_and(|one| one.geometry.segment_count == 1)
        && finding.key.reasons.contains(Reason::TotalLength);
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
        page.labelled("why", format!("{}{rule}", fault.sentence));
    }
    for note in &diagnosis.notes {
        let (label, mark) = match (note.severity, diagnosis.faults.is_empty()) {
            (Severity::Danger, _) => ("why", "!! "),
            (Severity::Warning, true) => ("why", ""),
            _ => ("note", ""),
        };
        page.labelled(label, format!("{mark}{}", note.sentence));
    }
}

fn processes(finding: &Finding<'_>) -> String {
    let pids: Vec<String> = finding.pids.iter().map(ToString::to_string).collect();
    let count = number(pids.len() as u64);
    match (pids.len(), finding.more_pids) {
        (0, _) => "unknown".to_owned(),
        (1, false) => format!("pid {}", pids[0]),
        (2..=PROCESSES, false) => format!("{count}: pids {}", listed(&pids)),
        (all, more) => {
            let or_more = if more { " or more" } else { "" };
            let named = pids[..all.min(PROCESSES)].join(", ");
            format!("{count}{or_more}: pids {named}, ...")
        }
    }
}

fn files(page: &mut Page, finding: &Finding<'_>, detail: Detail) {
    let files = &finding.files;
    let count = files.count();
    if let ([(file, _)], 0) = (&files.listed[..], files.unlisted) {
        page.labelled("file", name(file, ""));
        return;
    }
    let directory = files.directory.path();
    let place = if directory.is_empty() {
        String::new()
    } else {
        format!(" in {directory}")
    };
    let or_more = if files.more { " or more" } else { "" };
    let named = |(file, requests): &(&File, u64)| {
        format!("{} ({})", name(file, directory), number(*requests))
    };
    if detail.all_files {
        page.labelled(
            "files",
            format!("{}{or_more}{place}:", number(count as u64)),
        );
        page.lines(files.listed.iter().map(named).collect());
        return;
    }
    let mut names: Vec<String> = files.listed.iter().take(FILES).map(named).collect();
    if let Some(rest @ 1..) = count.checked_sub(names.len()) {
        names.push(format!("{} more (--all-files)", number(rest as u64)));
    }
    page.labelled(
        "files",
        format!(
            "{}{or_more}{place}: {}",
            number(count as u64),
            listed(&names)
        ),
    );
}

/// The name of a file below `directory`.
fn name(file: &File, directory: &str) -> String {
    match (&file.path, file.inode) {
        (Some(path), _) => path.strip_prefix(directory).unwrap_or(path).to_owned(),
        (None, Some(inode)) => format!("inode {inode}, path unknown"),
        (None, None) => "file unknown".to_owned(),
    }
}
