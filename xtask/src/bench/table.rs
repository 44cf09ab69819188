//! The results as tables, which are valid Markdown.

use std::fmt::Write as _;

use super::results::{Cost, Results, Row, Unit};

/// All tables.
pub(super) fn text(results: &Results) -> String {
    let mut text = String::new();
    cases(&mut text, results);
    figures(&mut text, results);
    programs(&mut text, results);
    text
}

fn cases(text: &mut String, results: &Results) {
    let peer = results.bpftrace.as_deref().unwrap_or("bpftrace");
    let header = [
        "case",
        "result",
        "untraced",
        "floor",
        "dio-trace",
        "userspace",
        "total",
        "target",
        peer,
    ]
    .map(str::to_owned);
    let rows = results.cases.iter().map(case).collect::<Vec<_>>();
    table(
        text,
        &format!(
            "Guest instructions for each request, kernel {}: alone, and what is added",
            results.kernel
        ),
        &header,
        &rows,
    );
}

fn case(row: &Row) -> [String; 9] {
    let added = |cost: Option<Cost>| cost.map(|cost| number(cost.added)).unwrap_or_default();
    let userspace = |cost: Option<Cost>| cost.and_then(|cost| cost.userspace).map(number);
    [
        row.name.clone(),
        outcome(row.result),
        number(row.untraced.typical),
        added(row.floor),
        added(row.dio_trace),
        userspace(row.dio_trace).unwrap_or_default(),
        row.dio_trace
            .map(|cost| number(cost.total()))
            .unwrap_or_default(),
        row.target.map(number).unwrap_or_default(),
        row.bpftrace
            .map(|cost| number(cost.total()))
            .unwrap_or_default(),
    ]
}

fn outcome(result: i64) -> String {
    match i32::try_from(-result) {
        Ok(libc::EINVAL) => "EINVAL".to_owned(),
        Ok(libc::EIO) => "EIO".to_owned(),
        _ => result.to_string(),
    }
}

fn figures(text: &mut String, results: &Results) {
    let rows: Vec<[String; 3]> = results
        .figures
        .iter()
        .map(|figure| {
            let shown = |value| quantity(value, figure.unit);
            [
                figure.name.clone(),
                shown(figure.value),
                figure.target.map(shown).unwrap_or_default(),
            ]
        })
        .collect();
    let header = ["figure", "value", "target"].map(str::to_owned);
    table(text, "Other figures", &header, &rows);
}

fn programs(text: &mut String, results: &Results) {
    let rows: Vec<[String; 5]> = results
        .programs
        .iter()
        .map(|program| {
            [
                program.case.clone(),
                program.place.clone(),
                format!("{:.2}", program.runs),
                number(program.instructions),
                number(f64::from(program.verified)),
            ]
        })
        .collect();
    let header = ["case", "program at", "runs", "instructions", "verified"].map(str::to_owned);
    table(
        text,
        "dio-trace's programs, for each request, as the kernel counts them",
        &header,
        &rows,
    );
}

/// `12,345`.
fn number(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let minus = if value <= -0.5 { "-" } else { "" };
    format!("{minus}{grouped}")
}

/// A value with its unit.
pub(super) fn quantity(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Instructions => number(value),
        Unit::Seconds => format!("{value:.2} s"),
        Unit::Mebibytes => format!("{value:.1} MiB"),
        Unit::Times => format!("{value:.2}"),
        Unit::Percent => format!("{value:.2} %"),
    }
}

/// Writes a table with the first column aligned to the left and numbers to the right.
fn table<const WIDTH: usize>(
    text: &mut String,
    title: &str,
    header: &[String; WIDTH],
    rows: &[[String; WIDTH]],
) {
    if rows.is_empty() {
        return;
    }
    let all = || std::iter::once(header).chain(rows);
    let widths: Vec<usize> = (0..WIDTH)
        .map(|column| all().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let left = |column: usize| all().skip(1).any(|row| is_words(&row[column]));
    let left: Vec<bool> = (0..WIDTH).map(left).collect();
    // Writing to a string never fails.
    let _ = writeln!(text, "\n{title}\n");
    for (index, row) in all().enumerate() {
        for ((cell, width), left) in row.iter().zip(&widths).zip(&left) {
            let _ = if *left {
                write!(text, "| {cell:<width$} ")
            } else {
                write!(text, "| {cell:>width$} ")
            };
        }
        text.push_str("|\n");
        if index == 0 {
            for (width, left) in widths.iter().zip(&left) {
                let dashes = "-".repeat(width + 1);
                let _ = write!(text, "|{dashes}{}", if *left { '-' } else { ':' });
            }
            text.push_str("|\n");
        }
    }
}

fn is_words(cell: &str) -> bool {
    cell.starts_with(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_groups() {
        assert_eq!(number(0.4), "0");
        assert_eq!(number(-0.4), "0");
        assert_eq!(number(-999.6), "-1,000");
        assert_eq!(number(1_234_567.0), "1,234,567");
    }

    #[test]
    fn columns_line_up() {
        let mut text = String::new();
        let rows = [["short", "1"], ["longer", "1,000"]].map(|row| row.map(str::to_owned));
        table(&mut text, "T", &["case", "n"].map(str::to_owned), &rows);
        assert_eq!(
            text,
            "\nT\n\n| case   |     n |\n|--------|------:|\n| short  |     1 |\n| longer | 1,000 |\n"
        );
    }
}
