//! The explanation of the selected row: what is wrong and what to change, without drilling down.

use ratatui::{layout::Rect, text::Line};

use crate::{
    diagnose::{Note, Severity, diagnose},
    model::{Record, Verdict, printable},
    store::Snapshot,
    text::number,
    tui::{
        labels::{command, path},
        model::{Model, Screen},
        theme::{Role, Theme},
        view::parts::{sentence, span},
    },
};

/// A rule with the row's name, and as much of the explanation as fits.
pub(super) fn lines(
    model: &Model,
    snapshot: &Snapshot,
    theme: &Theme,
    area: Rect,
) -> Vec<Line<'static>> {
    if area.height == 0 || !matches!(model.place().screen, Screen::Tab(_)) {
        return Vec::new();
    }
    let width = usize::from(area.width);
    let cursor = model.cursor(snapshot);
    let rule = |title: &str| {
        let line: String = std::iter::repeat_n(theme.symbols.rule, width).collect();
        let mut line = vec![span(theme, Role::Faint, line)];
        if !title.is_empty() {
            let title = crate::tui::text::cut(title, width.saturating_sub(6), theme.symbols.cut);
            let rest = width.saturating_sub(4 + crate::tui::text::width(&title));
            let edge = theme.symbols.rule.to_string();
            line = vec![
                span(theme, Role::Faint, edge.repeat(2)),
                span(theme, Role::Place, format!(" {title} ")),
                span(theme, Role::Faint, edge.repeat(rest)),
            ];
        }
        Line::from(line)
    };
    let mut lines = Vec::new();
    if let Some((_, row)) = snapshot.rows.get(cursor) {
        let total = row.tally.total().count;
        let counts: Vec<String> = Verdict::ALL
            .iter()
            .rev()
            .map(|verdict| (verdict, row.tally.verdict(*verdict).count))
            .filter(|(_, count)| *count != 0)
            .map(|(verdict, count)| format!("{} {verdict}", number(count)))
            .collect();
        let who = match &row.key {
            crate::store::RowKey::Process(_) => command(row),
            crate::store::RowKey::Device(_) => row.disk.as_deref().map_or_else(
                || "no device".to_owned(),
                |disk| printable(disk).into_owned(),
            ),
            crate::store::RowKey::Finding(key) => printable(&key.who()).into_owned(),
            crate::store::RowKey::Kind(_) => "these requests".to_owned(),
            _ => path(row),
        };
        lines.push(rule(&format!("{who}: {}", counts.join(", "))));
        match &row.example {
            Some(record) => lines.extend(explanation(record, snapshot, theme, width)),
            None => {
                let text = format!("nothing wrong in {} direct requests", number(total));
                lines.push(Line::from(span(theme, Role::Good, text)));
            }
        }
    } else if let Some(record) = snapshot.requests.get(cursor) {
        lines.push(rule(
            &diagnose(record, snapshot.environment.rule_set).headline,
        ));
        lines.extend(explanation(record, snapshot, theme, width));
    } else {
        lines.push(rule(""));
    }
    lines.truncate(usize::from(area.height));
    lines
}

/// Number of faults shown below a table, so that there is room for what to change.
const FAULTS: usize = 2;

/// Faults, remarks, portability and advice of one record, most important first.
fn explanation(
    record: &Record,
    snapshot: &Snapshot,
    theme: &Theme,
    width: usize,
) -> Vec<Line<'static>> {
    let diagnosis = diagnose(record, snapshot.environment.rule_set);
    let mut lines = Vec::new();
    let role = Role::Verdict(record.verdict);
    for fault in diagnosis.faults.iter().take(FAULTS) {
        let text = format!("{} [{}]", printable(&fault.sentence), fault.function);
        lines.extend(sentence(theme, role, "why     ", &text, width));
    }
    // Where alignment is not what is wrong, the worst remark says what is; danger always comes first.
    let says_why = |note: &Note| match note.severity {
        Severity::Danger => true,
        Severity::Warning => diagnosis.faults.is_empty(),
        Severity::Info => false,
    };
    let remark = |lines: &mut Vec<Line<'static>>, label: &str, note: &Note| {
        let role = match note.severity {
            Severity::Danger => Role::Danger,
            _ => Role::Text,
        };
        let text = printable(&note.sentence);
        lines.extend(sentence(theme, role, label, &text, width));
    };
    let reasons = diagnosis.notes.iter().filter(|note| says_why(note));
    reasons.for_each(|note| remark(&mut lines, "why     ", note));
    if let Some(more @ 1..) = diagnosis.faults.len().checked_sub(FAULTS) {
        let text = format!("and {more} more: Enter shows them");
        lines.extend(sentence(theme, Role::Faint, "        ", &text, width));
    }
    // Advice comes before remarks, because there may not be room for all.
    let advice = |lines: &mut Vec<Line<'static>>, text: &String| {
        lines.extend(sentence(
            theme,
            Role::Text,
            "change  ",
            &printable(text),
            width,
        ));
    };
    for text in diagnosis.advice.iter().take(3) {
        advice(&mut lines, text);
    }
    let others = diagnosis.notes.iter().filter(|note| !says_why(note));
    others.for_each(|note| remark(&mut lines, "note    ", note));
    for text in diagnosis.advice.iter().skip(3) {
        advice(&mut lines, text);
    }
    if let Some(portability) = &diagnosis.portability {
        lines.extend(sentence(
            theme,
            Role::Text,
            "else    ",
            &portability.sentence,
            width,
        ));
    }
    lines
}
