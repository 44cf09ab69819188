//! What a report says, for reading at three in the morning: first whether all is well, then the
//! findings, worst first, why, and what to change.

mod finding;
mod tables;

use std::collections::BTreeSet;

use crate::{
    diagnose::kernels,
    filter::Filter,
    findings::Tone,
    report::{
        detail::Detail,
        finding::{Finding, findings},
        page::Page,
        summary::Summary,
    },
    text::{listed, number},
};

/// Number of findings shown where not all are asked for.
const SHOWN: usize = 10;
/// Number of findings up to which each is shown in full: they fit on a screen.
const IN_FULL: usize = 3;

/// Number of hosts that are named.
const HOSTS: usize = 5;

/// The page on a summary. `name` is the recording's, for people.
#[must_use]
pub fn page(summary: &Summary, filter: &Filter, name: &str, detail: Detail) -> Page {
    let mut page = Page::new(format!("dio-trace: {name}"));
    head(&mut page, summary, filter, name);
    let findings = findings(summary);
    let in_full = detail.full || findings.len() <= IN_FULL;
    list(&mut page, &findings, in_full, detail);
    tables::losses(&mut page, summary);
    if in_full {
        tables::verdicts(&mut page, summary);
        tables::processes(&mut page, summary);
        tables::disks(&mut page, summary);
    }
    page
}

fn head(page: &mut Page, summary: &Summary, filter: &Filter, name: &str) {
    let environment = &summary.metadata.environment;
    page.headline(summary.headline());
    let seconds = |time: crate::model::Timestamp| {
        let text = time.to_string();
        text.split_once('.')
            .map_or(text.clone(), |(whole, _)| whole.replace('T', " "))
    };
    let (from, to) = (seconds(summary.span.0), seconds(summary.span.1));
    let rules = environment.rule_set;
    let place = if summary.recordings == 1 {
        format!(
            "host {}, kernel {} ({}, rules {rules}: kernels {})",
            environment.host,
            environment.kernel_release,
            environment.architecture,
            kernels(rules),
        )
    } else {
        format!(
            "{} recordings of {}",
            number(summary.recordings),
            hosts(&summary.hosts)
        )
    };
    page.paragraph(Tone::Plain, format!("{name}: {place}, {from} to {to} UTC"));
    if let Some(command) = &environment.traced_command {
        let command = command.join(" ");
        let text = format!("only this command and its descendants: {command}");
        page.paragraph(Tone::Plain, text);
    }
    if !environment.filters.is_empty() {
        let filters = environment.filters.join(" ");
        page.paragraph(Tone::Plain, format!("recorded with filters: {filters}"));
    }
    if !filter.is_empty() {
        page.paragraph(Tone::Plain, format!("shown here: {filter}"));
    }
    for lost in environment.not_seen() {
        page.paragraph(
            Tone::Alarm,
            format!("WARNING: not traced, because a probe could not be attached: {lost}"),
        );
    }
}

fn hosts(hosts: &BTreeSet<String>) -> String {
    let mut names: Vec<String> = hosts.iter().take(HOSTS).cloned().collect();
    if let Some(rest @ 1..) = hosts.len().checked_sub(HOSTS) {
        names.push(format!("{} more", number(rest as u64)));
    }
    let count = match hosts.len() {
        1 => "host".to_owned(),
        hosts => format!("{} hosts:", number(hosts as u64)),
    };
    format!("{count} {}", listed(&names))
}

fn list(page: &mut Page, findings: &[Finding<'_>], in_full: bool, detail: Detail) {
    let shown = if detail.full {
        findings.len()
    } else {
        SHOWN.min(findings.len())
    };
    for (index, finding) in findings[..shown].iter().enumerate() {
        page.finding(finding::title(index + 1, finding, in_full));
        if in_full {
            finding::in_full(page, finding, detail);
        } else {
            finding::in_brief(page, finding, detail);
        }
    }
    if findings.iter().any(|one| !one.key.reasons.is_empty()) {
        page.paragraph(
            Tone::Plain,
            "In any program: ask statx(STATX_DIOALIGN) for each file instead of hard-coding a number \
             (from 6.1); `dio-trace inspect PATH` shows its answer.",
        );
    }
    if shown < findings.len() {
        let rest = &findings[shown..];
        let requests = rest
            .iter()
            .fold(0_u64, |sum, one| sum.saturating_add(one.volume.count));
        page.paragraph(
            Tone::Plain,
            format!(
                "and {} more findings with {} requests: --full shows them, a filter chooses",
                number(rest.len() as u64),
                number(requests),
            ),
        );
    } else if !in_full {
        page.paragraph(
            Tone::Plain,
            "--full shows each finding in full, with all processes and disks",
        );
    }
}
