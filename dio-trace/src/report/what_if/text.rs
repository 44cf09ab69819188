//! The forecast as text.

use std::fmt::Write;

use crate::{
    diagnose::{diagnose, kernels},
    model::printable,
    report::{
        keys::Place,
        what_if::forecast::{Fates, Forecast},
    },
    text::number,
};

/// Number of programs and files shown; of the rest only the number is shown.
const SHOWN: usize = 20;

/// The whole forecast.
#[must_use]
pub(in crate::report) fn text(forecast: &Forecast) -> String {
    let mut text = String::new();
    let mut add = |line: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", printable(line));
    };
    let total = &forecast.total;
    let all = total.breaks + total.mends + total.as_before + total.unknown;
    add(&format!(
        "{} of {} direct requests that work here would be rejected {}",
        number(total.breaks),
        number(all),
        there(forecast)
    ));
    if total.mends != 0 {
        add(&format!(
            "{} that are rejected here would work",
            number(total.mends)
        ));
    }
    if total.unknown != 0 {
        add(&format!(
            "{} UNKNOWN: they were only counted; record with --all to keep them one by one",
            number(total.unknown)
        ));
    }
    let places = forecast.worst_first();
    let touched = |fates: &Fates| fates.breaks + fates.mends + fates.unknown != 0;
    let places: Vec<_> = places
        .into_iter()
        .filter(|(_, fates)| touched(fates))
        .collect();
    for (place, fates) in places.iter().take(SHOWN) {
        add("");
        add(&format!("{}: {}", place.comm, file(place)));
        for (count, what) in [
            (fates.breaks, "would be rejected"),
            (fates.mends, "rejected here, would work"),
            (fates.unknown, "unknown"),
            (fates.as_before, "the same as here"),
        ] {
            if count != 0 {
                add(&format!("  {:>15} {what}", number(count)));
            }
        }
        if let Some(example) = fates.example() {
            let diagnosis = diagnose(example, forecast.rule_set);
            for fault in &diagnosis.faults {
                add(&format!(
                    "  {:>15} {} ({})",
                    "", fault.sentence, fault.function
                ));
            }
            for advice in diagnosis.advice.iter().take(2) {
                add(&format!("  {:>15} - {advice}", ""));
            }
        }
    }
    if places.len() > SHOWN {
        add(&format!(
            "\nand {} more programs and files",
            number((places.len() - SHOWN) as u64)
        ));
    }
    text
}

fn there(forecast: &Forecast) -> String {
    let what_if = &forecast.what_if;
    let mut words = vec![format!(
        "under {} (kernels {})",
        forecast.rule_set,
        kernels(forecast.rule_set)
    )];
    words.extend(
        what_if
            .logical_block_size
            .map(|bytes| format!("logical blocks of {bytes} bytes")),
    );
    words.extend(
        what_if
            .dma_alignment
            .map(|bytes| format!("a dma alignment of {bytes} bytes")),
    );
    words.join(" with ")
}

fn file(place: &Place) -> String {
    let path = place.file.path.as_deref().unwrap_or("(path unknown)");
    place
        .file
        .disk
        .as_ref()
        .map_or_else(|| path.to_owned(), |disk| format!("{path} (on {disk})"))
}
