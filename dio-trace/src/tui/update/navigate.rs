//! Navigation: the cursor, drilling down and going back, sorting and searching.

use std::sync::Arc;

use crate::{
    model::printable,
    store::{Kind, Order, Row, RowKey, Scope, Snapshot},
    text::clock_exact,
    tui::{
        columns::{columns, fit},
        labels,
        layout::Areas,
        message::Effect,
        model::{Model, Notice, Place, Screen, Selected, Tab},
        view,
    },
};

/// Moves the cursor of a table, or scrolls a text, by lines.
pub(super) fn by(model: &mut Model, lines: i64, snapshot: &Snapshot) -> Vec<Effect> {
    let count = snapshot.rows.len() + snapshot.requests.len();
    let moved = |from: usize, last: usize| {
        let to = i64::try_from(from).unwrap_or(0).saturating_add(lines);
        usize::try_from(to.max(0)).unwrap_or(usize::MAX).min(last)
    };
    if is_table(model) {
        let to = moved(model.cursor(snapshot), count.saturating_sub(1));
        select(model, to, snapshot);
    } else {
        // The end is limited when the text is laid out.
        let place = model.place_mut();
        place.offset = moved(place.offset, usize::from(u16::MAX));
    }
    Vec::new()
}

/// Goes to the first row, and follows it from now on.
pub(super) fn top(model: &mut Model) -> Vec<Effect> {
    let place = model.place_mut();
    (place.selected, place.cursor, place.offset) = (None, 0, 0);
    Vec::new()
}

fn is_table(model: &Model) -> bool {
    matches!(model.place().screen, Screen::Tab(tab) if tab.grouping(false).is_some())
}

fn select(model: &mut Model, index: usize, snapshot: &Snapshot) {
    let row = snapshot
        .rows
        .get(index)
        .map(|(_, row)| Selected::Row(row.key.clone()));
    let request = || {
        snapshot
            .requests
            .get(index)
            .map(|one| Selected::Request(Arc::clone(one)))
    };
    let place = model.place_mut();
    place.selected = row.or_else(request);
    place.cursor = index;
}

/// Finds the selected row in the newest snapshot. If it is gone, the cursor stays where it was.
pub(super) fn follow(model: &mut Model, snapshot: &Snapshot) {
    let count = snapshot.rows.len() + snapshot.requests.len();
    let place = model.place_mut();
    let found = match &place.selected {
        None => Some(0),
        Some(Selected::Row(key)) => snapshot.rows.iter().position(|(_, row)| row.key == *key),
        Some(Selected::Request(one)) => snapshot
            .requests
            .iter()
            .position(|record| Arc::ptr_eq(record, one)),
    };
    place.cursor = found.unwrap_or(place.cursor).min(count.saturating_sub(1));
}

/// Drills down into the selected row.
pub(super) fn open(model: &mut Model, snapshot: &Snapshot) -> Vec<Effect> {
    if !is_table(model) {
        return Vec::new();
    }
    let cursor = model.cursor(snapshot);
    let here = model.place();
    let mut steps = here.steps.clone();
    let place = if let Some((_, row)) = snapshot.rows.get(cursor) {
        let scope = narrowed(&here.scope, row);
        steps.push(name(row));
        Place::tab(next(&here.scope, row), scope, steps)
    } else if let Some(record) = snapshot.requests.get(cursor) {
        steps.push(format!("request at {}", clock_exact(record.time)));
        Place {
            screen: Screen::Request(Arc::clone(record)),
            steps,
            offset: 0,
            ..here.clone()
        }
    } else {
        return Vec::new();
    };
    model.enter(place);
    vec![Effect::Refresh]
}

fn narrowed(scope: &Scope, row: &Row) -> Scope {
    let mut scope = scope.clone();
    match &row.key {
        RowKey::Process(process) => scope.process = Some(process.clone()),
        RowKey::File(file) => scope.file = Some(file.clone()),
        RowKey::ProcessFile(process, file) => {
            (scope.process, scope.file) = (Some(process.clone()), Some(file.clone()));
        }
        RowKey::Device(device) => scope.device = Some(*device),
        RowKey::Kind(kind) => scope.kind = Some(*kind),
        RowKey::Finding(key) => scope.finding = Some(Arc::clone(key)),
        RowKey::All => {}
    }
    scope
}

/// The next tab when drilling down: from a process to its files, from a file to its users, and at
/// the end to the reasons.
const fn next(scope: &Scope, row: &Row) -> Tab {
    match row.key {
        RowKey::Kind(_) => Tab::Requests,
        RowKey::ProcessFile(..) => Tab::Reasons,
        RowKey::Process(_) if scope.file.is_some() => Tab::Reasons,
        RowKey::File(_) if scope.process.is_some() => Tab::Reasons,
        RowKey::Device(_) if scope.process.is_none() => Tab::Processes,
        RowKey::File(_) => Tab::Processes,
        RowKey::Finding(_) | RowKey::Process(_) | RowKey::Device(_) | RowKey::All => Tab::Files,
    }
}

fn name(row: &Row) -> String {
    let process = || match &row.process {
        Some(crate::store::ProcessKey::One { pid, .. }) => {
            format!("{} {pid}", labels::command(row))
        }
        _ => labels::command(row),
    };
    match &row.key {
        RowKey::Process(_) => process(),
        RowKey::File(_) => labels::path(row),
        RowKey::ProcessFile(..) => format!("{}: {}", process(), labels::path(row)),
        RowKey::Device(_) => match row.disk.as_deref() {
            Some(disk) => printable(disk).into_owned(),
            None => "no device".to_owned(),
        },
        RowKey::Kind(kind) => kind_name(*kind),
        RowKey::Finding(key) => format!("{} {}", labels::command(row), key.harm.word()),
        RowKey::All => String::new(),
    }
}

fn kind_name(kind: Kind) -> String {
    let reasons = kind.reasons.words().collect::<Vec<_>>().join(", ");
    if reasons.is_empty() {
        kind.verdict.to_string()
    } else {
        format!("{}: {reasons}", kind.verdict)
    }
}

/// Shows another tab for the same part of the requests.
pub(super) fn show(model: &mut Model, tab: Tab) -> Vec<Effect> {
    // Help and details lie above a tab: a tab is shown in its own place.
    while !matches!(model.place().screen, Screen::Tab(_)) && model.leave() {}
    let place = model.place_mut();
    *place = Place::tab(tab, place.scope.clone(), place.steps.clone());
    vec![Effect::Refresh]
}

/// Sorts by the next or previous visible column.
pub(super) fn sort(model: &mut Model, steps: i8) -> Vec<Effect> {
    let Screen::Tab(tab) = model.place().screen else {
        return Vec::new();
    };
    let shown = fit(tab, model.size.0);
    let Ok(count @ 1..) = i64::try_from(shown.len()) else {
        return Vec::new();
    };
    let place = model.place_mut();
    let now = shown
        .iter()
        .position(|one| one.spec.column == place.order.column);
    let next = match now {
        Some(now) => i64::try_from(now).unwrap_or(0) + i64::from(steps),
        None if steps > 0 => 0,
        None => count - 1,
    };
    // One step beyond either end is the initial order.
    place.order = match usize::try_from(next).ok().and_then(|next| shown.get(next)) {
        Some(one) => order_by(tab, one.spec.column),
        None => tab.order(),
    };
    vec![Effect::Refresh]
}

/// The usual direction of an order: numbers largest first, names from A to Z.
fn order_by(tab: Tab, column: crate::store::Column) -> Order {
    use crate::store::Column as C;
    let number = columns(tab)
        .iter()
        .any(|spec| spec.column == column && spec.right);
    let descending = (number && column != C::Pid)
        || matches!(
            column,
            C::Harm | C::Reason | C::Outcome | C::Time | C::Flags
        );
    Order { column, descending }
}

/// Goes to the next or previous hit of the search, and wraps at the end.
pub(super) fn search(model: &mut Model, steps: i64, snapshot: &Snapshot) -> Vec<Effect> {
    let count = snapshot.rows.len() + snapshot.requests.len();
    let wanted = model.search.to_lowercase();
    if wanted.is_empty() || count == 0 || !is_table(model) {
        return Vec::new();
    }
    let hit = |index: usize| match snapshot.rows.get(index) {
        Some((_, row)) => labels::searchable(row).contains(&wanted),
        None => snapshot
            .requests
            .get(index)
            .is_some_and(|record| labels::searchable_request(record).contains(&wanted)),
    };
    let from = i64::try_from(model.cursor(snapshot)).unwrap_or(0);
    let length = i64::try_from(count).unwrap_or(1);
    let direction = if steps < 0 { -1 } else { 1 };
    // Without a step the row with the cursor may itself be the hit.
    let start = i64::from(steps != 0);
    let found = (start..=length)
        .map(|distance| (from + direction * distance).rem_euclid(length))
        .filter_map(|index| usize::try_from(index).ok())
        .find(|index| hit(*index));
    match found {
        Some(index) => select(model, index, snapshot),
        None => {
            let text = format!("no row has {:?}", model.search);
            model.notice = Some(Notice { text, failed: true });
        }
    }
    Vec::new()
}

/// Handles a click: it selects a row, opens the row that is selected, or sorts by a heading.
pub(super) fn click(model: &mut Model, x: u16, y: u16, snapshot: &Snapshot) -> Vec<Effect> {
    let areas = Areas::of(model);
    if model.prompt.is_some() {
        return Vec::new();
    }
    if y == areas.tabs.y && areas.tabs.height > 0 {
        return view::tab_at(x, model.size.0).map_or_else(Vec::new, |tab| show(model, tab));
    }
    let Screen::Tab(tab) = model.place().screen else {
        return Vec::new();
    };
    if !is_table(model) || y < areas.body.y || y >= areas.body.bottom() {
        return Vec::new();
    }
    if y == areas.body.y {
        let shown = fit(tab, model.size.0);
        let hit = shown
            .iter()
            .find(|one| (one.x..=one.x + one.width).contains(&x));
        let Some(column) = hit.map(|one| one.spec.column) else {
            return Vec::new();
        };
        let order = &mut model.place_mut().order;
        *order = if order.column == column {
            Order {
                column,
                descending: !order.descending,
            }
        } else {
            order_by(tab, column)
        };
        return vec![Effect::Refresh];
    }
    let index = model.place().offset + usize::from(y - areas.body.y - 1);
    if index >= snapshot.rows.len() + snapshot.requests.len() {
        return Vec::new();
    }
    if index == model.cursor(snapshot) && model.place().selected.is_some() {
        return open(model, snapshot);
    }
    select(model, index, snapshot);
    Vec::new()
}
