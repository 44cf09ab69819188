//! Changes the state by a message. Pure: the same state, message and snapshot give the same state
//! and effects, so everything can be tested without a terminal.

mod navigate;
mod playing;
mod prompt;

use crate::{
    model::Timestamp,
    store::{Snapshot, Window},
    tui::{
        action::Action,
        key::Key,
        keymap::action_of,
        layout::Areas,
        message::{Effect, Message},
        model::{Ending, Model, Notice, Place, PromptKind, Screen, Tab},
        report, view,
    },
};

/// Handles one message, and returns the effects to carry out.
pub fn update(model: &mut Model, message: Message, snapshot: &Snapshot) -> Vec<Effect> {
    let effects = match message {
        Message::Key(key) => on_key(model, key, snapshot),
        Message::Wheel(lines) => on_action(model, Action::Move(lines), snapshot),
        Message::Click(x, y) => navigate::click(model, x, y, snapshot),
        Message::Resize(width, height) => {
            model.size = (width, height);
            Vec::new()
        }
        Message::Counted => Vec::new(),
        Message::Played(playback) => {
            model.playback = Some(*playback);
            Vec::new()
        }
        Message::Ended => {
            model.ending = Ending::Ended;
            Vec::new()
        }
        Message::Failed(reason) => {
            model.ending = Ending::Failed(reason);
            Vec::new()
        }
        Message::Recording(path) => {
            model.recording = path;
            Vec::new()
        }
        Message::Notice { text, failed } => {
            model.notice = Some(Notice { text, failed });
            Vec::new()
        }
    };
    settle(model, snapshot);
    effects
}

/// Finds the selected row again, and scrolls to make it visible.
fn settle(model: &mut Model, snapshot: &Snapshot) {
    navigate::follow(model, snapshot);
    let areas = Areas::of(model);
    let table = matches!(&model.place().screen, Screen::Tab(tab) if tab.grouping(false).is_some());
    let (lines, room) = if table {
        (snapshot.rows.len() + snapshot.requests.len(), areas.rows())
    } else {
        let lines = view::text_lines(model, snapshot, usize::from(model.size.0));
        (lines, usize::from(areas.body.height))
    };
    let cursor = model.cursor(snapshot);
    let place = model.place_mut();
    if table {
        place.offset = place
            .offset
            .clamp((cursor + 1).saturating_sub(room.max(1)), cursor);
    }
    place.offset = place.offset.min(lines.saturating_sub(room));
}

fn on_key(model: &mut Model, key: Key, snapshot: &Snapshot) -> Vec<Effect> {
    model.notice = None;
    if model.prompt.is_some() {
        return prompt::on_key(model, key, snapshot);
    }
    match action_of(key) {
        Some(action) => on_action(model, action, snapshot),
        None => Vec::new(),
    }
}

fn on_action(model: &mut Model, action: Action, snapshot: &Snapshot) -> Vec<Effect> {
    let page = page(model);
    match action {
        Action::Move(lines) => navigate::by(model, i64::from(lines), snapshot),
        Action::Page(pages) => navigate::by(model, i64::from(pages) * page, snapshot),
        Action::HalfPage(halves) => {
            navigate::by(model, i64::from(halves) * (page / 2).max(1), snapshot)
        }
        Action::Top => navigate::top(model),
        Action::Bottom => navigate::by(model, i64::from(u32::MAX), snapshot),
        Action::Open => navigate::open(model, snapshot),
        Action::Back if model.leave() => vec![Effect::Refresh],
        Action::Back | Action::Quit => vec![Effect::Quit],
        Action::Up => {
            if model.leave() {
                vec![Effect::Refresh]
            } else {
                Vec::new()
            }
        }
        Action::Show(tab) => navigate::show(model, tab),
        Action::Cycle(steps) => {
            let tabs = Tab::ALL.len() as i16;
            let next = (model.tab() as i16 + i16::from(steps)).rem_euclid(tabs);
            navigate::show(model, Tab::ALL[next as usize])
        }
        Action::Help => help(model),
        Action::Filter => prompt::open(model, PromptKind::Filter, model.filter.to_string()),
        Action::ClearFilter => {
            model.filter = crate::filter::Filter::default();
            vec![Effect::Refresh]
        }
        Action::Search => prompt::open(model, PromptKind::Search, String::new()),
        Action::SearchNext(steps) => navigate::search(model, i64::from(steps), snapshot),
        Action::Sort(steps) => navigate::sort(model, steps),
        Action::Reverse => {
            let place = model.place_mut();
            place.order.descending = !place.order.descending;
            vec![Effect::Refresh]
        }
        Action::Tree => {
            model.tree = !model.tree;
            navigate::show(model, Tab::Processes)
        }
        Action::Window => {
            model.window = match model.window {
                Window::Start => Window::LastMinute,
                Window::LastMinute => Window::Start,
            };
            vec![Effect::Refresh]
        }
        Action::Freeze => freeze(model, snapshot.time),
        Action::PlayOrFreeze => match model.playback {
            Some(_) => playing::toggle(model),
            None => freeze(model, snapshot.time),
        },
        Action::Seek(seconds) => playing::seek(model, seconds),
        Action::SeekEnd(end) => playing::seek_end(model, end),
        Action::Step(steps) => playing::step(model, steps),
        Action::Speed(steps) => playing::speed(model, steps),
        Action::Record => match model.recording.take() {
            Some(_) => vec![Effect::StopRecording],
            None if model.playback.is_some() => {
                let text = "this is already a recording".to_owned();
                model.notice = Some(Notice { text, failed: true });
                Vec::new()
            }
            None => {
                let name = report::file_name(snapshot, "dio");
                prompt::open(model, PromptKind::Record, name)
            }
        },
        Action::Save => prompt::open(model, PromptKind::Save, report::file_name(snapshot, "txt")),
        Action::Reset => {
            vec![Effect::Reset, Effect::Refresh]
        }
        Action::Suspend => vec![Effect::Suspend],
        Action::Redraw => vec![Effect::Redraw],
    }
}

/// Number of lines in a page: one less than are visible, so that the eye finds its place.
fn page(model: &Model) -> i64 {
    i64::try_from(Areas::of(model).rows())
        .unwrap_or(1)
        .saturating_sub(1)
        .max(1)
}

fn help(model: &mut Model) -> Vec<Effect> {
    if matches!(model.place().screen, Screen::Help) {
        model.leave();
    } else {
        let here = model.place().clone();
        model.enter(Place {
            screen: Screen::Help,
            offset: 0,
            ..here
        });
    }
    vec![Effect::Refresh]
}

fn freeze(model: &mut Model, time: Timestamp) -> Vec<Effect> {
    model.frozen = match model.frozen {
        Some(_) => None,
        None => Some(time),
    };
    vec![Effect::Freeze(model.frozen.is_some()), Effect::Refresh]
}

#[cfg(test)]
mod tests;
