//! The summary as text, for reading at three in the morning: first whether all is well, then who does
//! what to which file, worst first, why, and what to change.

mod case;
mod layout;
mod tables;

use crate::{
    diagnose::kernels,
    filter::Filter,
    model::Verdict,
    recording::Ending,
    report::{Summary, text::layout::Page},
    text::{bytes, duration, number, rate},
};

/// Number of findings shown in full; of the rest only the number is shown.
const SHOWN: usize = 10;

/// The whole report.
#[must_use]
pub fn text(summary: &Summary, filter: &Filter, name: &str) -> String {
    let mut page = Page::default();
    head(&mut page, summary, filter, name);
    verdicts(&mut page, summary);
    losses(&mut page, summary);
    findings(&mut page, summary);
    tables::processes(&mut page, summary);
    tables::disks(&mut page, summary);
    page.finish()
}

fn head(page: &mut Page, summary: &Summary, filter: &Filter, name: &str) {
    let environment = &summary.metadata.environment;
    page.line(&one_line(summary));
    page.line("");
    let seconds = |time: crate::model::Timestamp| {
        let text = time.to_string();
        text.split_once('.')
            .map_or(text.clone(), |(whole, _)| whole.replace('T', " "))
    };
    page.line(&format!(
        "{name}: host {}, kernel {} ({}), {} to {} UTC",
        environment.host,
        environment.kernel_release,
        environment.architecture,
        seconds(summary.span.0),
        seconds(summary.span.1),
    ));
    let rules = environment.rule_set;
    page.line(&format!(
        "alignment rules of this kernel: {rules} (kernels {})",
        kernels(rules)
    ));
    if let Some(command) = &environment.traced_command {
        page.line(&format!(
            "only this command and its descendants: {}",
            command.join(" ")
        ));
    }
    if !environment.filters.is_empty() {
        page.line(&format!(
            "recorded with filters: {}",
            environment.filters.join(" ")
        ));
    }
    if !filter.is_empty() {
        page.line(&format!("shown here: {filter}"));
    }
    for lost in environment.not_seen() {
        page.line(&format!(
            "WARNING: not traced, because a probe could not be attached: {lost}"
        ));
    }
}

/// The answer in one line, as clear for a clean trace as for one with faults.
fn one_line(summary: &Summary) -> String {
    let total = summary.total.total().count;
    let misaligned = summary.total.misaligned().count;
    let lost = match (summary.losses.is_empty(), summary.losses.counts_are_exact()) {
        (true, _) => "nothing lost",
        (false, true) => "counts exact, some details lost (see below)",
        (false, false) => "REQUESTS LOST: counts are not exact (see below)",
    };
    let ending = match summary.ending {
        Ending::Finished => "",
        Ending::Cut => "; THE RECORDING ENDED EARLY: its recorder was killed or is still running",
        Ending::Damaged => "; THE RECORDING IS DAMAGED: it was read up to the damage",
    };
    let time = duration(summary.duration());
    if total == 0 {
        return format!("No direct requests seen in {time}, {lost}{ending}");
    }
    format!(
        "{} misaligned of {} direct requests in {time}, {lost}{ending}",
        number(misaligned),
        number(total)
    )
}

fn verdicts(page: &mut Page, summary: &Summary) {
    let total = &summary.total;
    if total.total().count == 0 {
        return;
    }
    page.title("What became of them");
    for (verdict, meaning) in [
        (
            Verdict::Rejected,
            "failed, because it broke an alignment rule",
        ),
        (
            Verdict::Buffered,
            "served by the page cache despite O_DIRECT",
        ),
        (
            Verdict::Accepted,
            "misaligned, yet done directly: may fail on another kernel or disk",
        ),
        (Verdict::Failed, "failed for another reason"),
        (Verdict::Aligned, "aligned, done directly"),
    ] {
        let volume = total.verdict(verdict);
        if volume.count != 0 {
            page.line(&format!(
                "  {:<9} {:>15} {:>10}  {:>8} per 1,000  {meaning}",
                verdict.word(),
                number(volume.count),
                bytes(volume.bytes),
                rate(total.per_thousand(volume.count)),
            ));
        }
    }
    let probing = total.probing();
    if probing.count != 0 {
        page.line(&format!(
            "  {:<9} {:>15} {:>10}  {:>8} per 1,000  trying out which alignment works; not a fault",
            "probing",
            number(probing.count),
            bytes(probing.bytes),
            rate(total.per_thousand(probing.count)),
        ));
    }
    for (name, words) in [
        ("reasons", total.reasons_by_count()),
        ("flags", total.flags_by_count()),
    ] {
        let words: Vec<String> = words
            .into_iter()
            .map(|(word, volume)| format!("{word} {}", number(volume.count)))
            .collect();
        if !words.is_empty() {
            page.line(&format!("  {name}: {}", words.join(", ")));
        }
    }
}

fn losses(page: &mut Page, summary: &Summary) {
    if summary.losses.is_empty() {
        return;
    }
    page.title("Lost");
    for loss in summary.losses.iter() {
        let effect = if loss.cause.keeps_counts_exact() {
            "details only; counts stay exact"
        } else {
            "counts are not exact"
        };
        page.line(&format!(
            "  {:<22} {:>15}  {effect}",
            loss.cause.word(),
            number(loss.count)
        ));
    }
}

fn findings(page: &mut Page, summary: &Summary) {
    let groups = case::groups(summary);
    if groups.is_empty() {
        return;
    }
    page.title("Who, what and why: worst first");
    for (position, group) in groups.iter().take(SHOWN).enumerate() {
        case::show(page, summary, position + 1, group);
    }
    if groups.len() > SHOWN {
        let rest: u64 = groups[SHOWN..].iter().map(case::Group::count).sum();
        page.line("");
        page.line(&format!(
            "and {} more programs and files with {} requests: use filters, or `dio-trace report \
             --format json`",
            number((groups.len() - SHOWN) as u64),
            number(rest),
        ));
    }
    page.line("");
    page.line(
        "In any program: ask statx(STATX_DIOALIGN) for each file instead of hard-coding a number \
         (from 6.1); `dio-trace inspect PATH` shows its answer.",
    );
}
