//! The lines at the top: the host, the state, and the totals.

use ratatui::text::{Line, Span};

use crate::{
    model::{Losses, printable},
    store::{Column, Order, Snapshot, Window},
    text::{clock, number, per_second},
    tui::{
        columns::columns,
        model::{Ending, Model, Screen, Tab},
        text::{cut, cut_front, width as wide},
        theme::{Role, Theme},
        view::parts::{fitted, span},
    },
};

/// Columns that a host's name may take at least.
const HOST: usize = 10;

/// Host, kernel, rules, probes, losses; on the right the state.
pub(super) fn environment(
    model: &Model,
    snapshot: &Snapshot,
    theme: &Theme,
    width: usize,
) -> Line<'static> {
    let environment = &snapshot.environment;
    let state = state(model, snapshot, theme);
    let state_width: usize = state.iter().map(Span::width).sum();
    let mut left = Vec::new();
    // Losses must be visible on the smallest screen.
    left.push(match lost(&snapshot.losses) {
        None => span(theme, Role::Bar, "dio-trace"),
        Some((true, count)) => span(theme, Role::Danger, format!(" LOST {} ", number(count))),
        Some((false, count)) => span(theme, Role::Text, format!("{} details lost", number(count))),
    });
    let mut add = |text: String| left.push(span(theme, Role::Text, format!("  {text}")));
    let room = (width / 3).saturating_sub(state_width / 2).max(HOST);
    add(cut(&printable(&environment.host), room, theme.symbols.cut).into_owned());
    add(printable(&environment.kernel_release).into_owned());
    add(environment.rule_set.to_string());
    let attached = environment
        .attachments
        .iter()
        .filter(|one| one.method.is_some())
        .count();
    let planned = environment.attachments.len();
    if planned != 0 {
        add(format!("{attached}/{planned} probes"));
    }
    if snapshot.losses.is_empty() {
        left.push(span(theme, Role::Good, "  nothing lost"));
    }
    let mut line = fitted(left, width.saturating_sub(state_width + 1));
    let gap = width.saturating_sub(line.width() + state_width);
    line.push_span(Span::raw(" ".repeat(gap)));
    line.spans.extend(state);
    line
}

/// Whether requests were lost, and how many; otherwise how many details were, such as call stacks.
/// `None` where nothing was lost.
fn lost(losses: &Losses) -> Option<(bool, u64)> {
    let requests = !losses.counts_are_exact();
    let meant = losses
        .iter()
        .filter(|loss| loss.cause.keeps_counts_exact() != requests);
    let count = meant.fold(0_u64, |sum, loss| sum.saturating_add(loss.count));
    (count != 0).then_some((requests, count))
}

fn state(model: &Model, snapshot: &Snapshot, theme: &Theme) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    if model.recording.is_some() {
        spans.push(span(theme, Role::Danger, " REC "));
        spans.push(Span::raw(" "));
    }
    let (role, word) = match (&model.frozen, &model.ending, &model.playback) {
        (Some(_), ..) => (Role::Banner, " FROZEN "),
        (_, Ending::Failed(_), _) => (Role::Danger, " FAILED "),
        (_, _, Some(playback)) if playback.playing => (Role::Good, "REPLAY"),
        (_, _, Some(playback)) if playback.is_at_end() => (Role::Banner, " END "),
        (_, _, Some(_)) => (Role::Banner, " PAUSED "),
        (_, Ending::Ended, _) => (Role::Banner, " STREAM ENDED "),
        _ => (Role::Good, "LIVE"),
    };
    spans.push(span(theme, role, word));
    let time = model.frozen.unwrap_or(snapshot.time);
    spans.push(span(theme, Role::Text, format!(" {}", clock(time))));
    spans
}

/// The headline, and the rate at this moment.
#[must_use]
pub(crate) fn summary(
    model: &Model,
    snapshot: &Snapshot,
    theme: &Theme,
    width: usize,
) -> Line<'static> {
    if let Ending::Failed(reason) = &model.ending {
        let text = format!("the source failed: {}", printable(reason));
        let text = cut(&text, width, theme.symbols.cut).into_owned();
        return Line::from(span(theme, Role::Danger, text));
    }
    let tally = &snapshot.total;
    let plain = |text: String| span(theme, Role::Text, text);
    let pieces = snapshot.headline.pieces.iter();
    let mut pieces: Vec<Span<'static>> = pieces
        .map(|piece| span(theme, Role::of(piece.tone), piece.text.clone()))
        .collect();
    if tally.total().count == 0 {
        return fitted(pieces, width);
    }
    let rates: f64 = snapshot.rates.now().iter().sum();
    pieces.push(plain(format!(
        "{}{}/s now",
        theme.symbols.dot,
        per_second(rates)
    )));
    if tally.probing().count != 0 {
        let probing = number(tally.probing().count);
        pieces.push(plain(format!(
            "{}{probing} probing, separate",
            theme.symbols.dot
        )));
    }
    fitted(pieces, width)
}

/// The title of the table: the steps that led there, the number of rows, their order, and the
/// conditions.
pub(super) fn title(
    model: &Model,
    snapshot: &Snapshot,
    theme: &Theme,
    width: usize,
) -> Line<'static> {
    let place = model.place();
    let Screen::Tab(tab) = place.screen else {
        return Line::default();
    };
    let rows = snapshot
        .rows
        .iter()
        .filter(|(depth, _)| *depth == 0)
        .count();
    let count = rows + snapshot.requests.len();
    let what = match (tab, count) {
        (Tab::Requests, 1) => "captured request",
        (Tab::Requests, _) => "captured requests",
        (Tab::Findings, 1) => "finding",
        (Tab::Findings, _) => "findings",
        (Tab::Processes, 1) => "process",
        (Tab::Processes, _) => "processes",
        (Tab::Files, 1) => "file",
        (Tab::Files, _) => "files",
        (Tab::Devices, 1) => "device",
        (Tab::Devices, _) => "devices",
        (_, 1) => "kind of request",
        (_, _) => "kinds of requests",
    };
    let order = order_name(tab, place.order, theme);
    let mut right = format!("{} {what} by {order}", number(count as u64));
    if model.window == Window::LastMinute {
        right.push_str(theme.symbols.dot);
        right.push_str("last minute");
    }
    let mut pieces = vec![span(theme, Role::Text, right)];
    if !model.filter.is_empty() {
        let filter = format!("{}filter ", theme.symbols.dot);
        let conditions = printable(&model.filter.to_string()).into_owned();
        let room = width / 2;
        pieces.push(span(theme, Role::Text, filter));
        let conditions = cut(&conditions, room, theme.symbols.cut).into_owned();
        pieces.push(span(theme, Role::Banner, conditions));
    }
    let used: usize = pieces.iter().map(Span::width).sum();
    let steps = place.steps.join(theme.symbols.step);
    let mut line = Line::default();
    if !steps.is_empty() {
        let room = width.saturating_sub(used + wide(theme.symbols.dot));
        let steps = cut_front(&steps, room, theme.symbols.cut).into_owned();
        if !steps.is_empty() {
            line.push_span(span(theme, Role::Place, steps));
            line.push_span(span(theme, Role::Text, theme.symbols.dot));
        }
    }
    for piece in fitted(pieces, width.saturating_sub(line.width())).spans {
        line.push_span(piece);
    }
    line
}

fn order_name(tab: Tab, order: Order, theme: &Theme) -> String {
    let spec = columns(tab).iter().find(|spec| spec.column == order.column);
    let name = match order.column {
        Column::Harm => "harm",
        _ => spec.map_or("most trouble", |spec| spec.full),
    };
    let arrow = if order.descending {
        theme.symbols.descending
    } else {
        theme.symbols.ascending
    };
    format!("{name} {arrow}")
}
