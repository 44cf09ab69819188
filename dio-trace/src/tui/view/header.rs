//! The lines at the top: the host, the state, and the totals.

use ratatui::text::{Line, Span};

use crate::{
    model::{Losses, Verdict, printable},
    store::{Order, Snapshot, Window},
    text::{clock, elapsed, number, per_second, percent},
    tui::{
        columns::columns,
        model::{Ending, Model, Screen, Tab},
        text::{cut, cut_front, width as wide},
        theme::{Role, Theme},
        view::parts::{fitted, span},
    },
};

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
    if snapshot.losses.is_empty() {
        left.push(span(theme, Role::Bar, "dio-trace"));
    } else {
        left.push(span(
            theme,
            Role::Danger,
            format!(" LOST {} ", number(lost(&snapshot.losses))),
        ));
    }
    let mut add = |text: String| left.push(span(theme, Role::Text, format!("  {text}")));
    add(printable(&environment.host).into_owned());
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

fn lost(losses: &Losses) -> u64 {
    losses
        .iter()
        .fold(0, |sum, loss| sum.saturating_add(loss.count))
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

/// The totals of all requests, in one sentence.
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
    let total = tally.total().count;
    let span_of_time = elapsed(snapshot.time.since(snapshot.since));
    let plain = |text: String| span(theme, Role::Text, text);
    if total == 0 {
        let waiting = format!("no direct requests seen in {span_of_time}");
        let missing = if snapshot.losses.is_empty() {
            "; nothing lost"
        } else {
            ""
        };
        return fitted(vec![plain(waiting), plain(missing.to_owned())], width);
    }
    let misaligned = tally.misaligned().count;
    let trouble = tally.trouble().count;
    let mut pieces = Vec::new();
    if misaligned == 0 && trouble == 0 {
        pieces.push(span(theme, Role::Good, "0 misaligned"));
    } else {
        let role = if trouble == 0 {
            Verdict::Accepted
        } else {
            Verdict::Rejected
        };
        pieces.push(span(
            theme,
            Role::Verdict(role),
            format!("{} misaligned", number(misaligned)),
        ));
        pieces.push(plain(format!(" ({})", percent(misaligned, total))));
    }
    pieces.push(plain(format!(" of {}", number(total))));
    pieces.push(plain(" direct requests".to_owned()));
    pieces.push(plain(format!(" in {span_of_time}")));
    if snapshot.losses.is_empty() {
        pieces.push(span(theme, Role::Good, "; nothing lost"));
    } else if snapshot.losses.counts_are_exact() {
        pieces.push(plain("; counts exact, some details lost".to_owned()));
    } else {
        pieces.push(span(theme, Role::Danger, "; counts are NOT exact"));
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
    let name = spec.map_or("most trouble", |spec| spec.full);
    let arrow = if order.descending {
        theme.symbols.descending
    } else {
        theme.symbols.ascending
    };
    format!("{name} {arrow}")
}
