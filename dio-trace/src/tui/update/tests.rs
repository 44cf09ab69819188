//! The screen over a scripted trace, driven by keys and batches.

use super::*;
use crate::{
    source::{EventSource, script::Script},
    store::{Column, Grouping, RowKey, Store},
    tui::model::Selected,
};

struct Desk {
    store: Store,
    model: Model,
    snapshot: Snapshot,
}

impl Desk {
    fn new() -> Self {
        let mut script = Script::night(20);
        let mut store = Store::new(script.environment().clone());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            while let Some(batch) = script.next_batch().await.unwrap() {
                store.add(batch);
            }
        });
        let model = Model::new((80, 24));
        Self {
            snapshot: store.snapshot(&model.view()),
            store,
            model,
        }
    }

    /// The table of processes.
    fn processes() -> Self {
        let mut desk = Self::new();
        desk.press("2");
        desk
    }

    /// Presses keys in the order typed. Returns the effects of the last one.
    fn press(&mut self, keys: &str) -> Vec<Effect> {
        let mut last = Vec::new();
        for key in Key::parse(keys) {
            last = update(&mut self.model, Message::Key(key), &self.snapshot);
            if last.contains(&Effect::Refresh) {
                self.snapshot = self.store.snapshot(&self.model.view());
                update(&mut self.model, Message::Counted, &self.snapshot);
            }
        }
        last
    }
}

#[test]
fn enter_goes_from_a_finding_to_its_requests() {
    let mut desk = Desk::new();
    assert_eq!(desk.model.tab(), Tab::Findings);
    let row = &desk.snapshot.rows[0].1;
    let RowKey::Finding(key) = row.key.clone() else {
        panic!("{row:?}");
    };
    let count = row.tally.total().count;
    for grouping in [
        Grouping::Files,
        Grouping::Processes,
        Grouping::Reasons,
        Grouping::Requests,
    ] {
        desk.press("Enter");
        assert_eq!(desk.model.view().grouping, grouping);
        if grouping == Grouping::Files {
            let rows = desk.snapshot.rows.iter();
            let sum: u64 = rows.map(|(_, row)| row.tally.total().count).sum();
            assert_eq!(sum, count, "its requests, and no others");
        }
    }
    let requests = &desk.snapshot.requests;
    assert!(!requests.is_empty());
    assert!(requests.iter().all(|one| one.verdict == key.verdict));
}

#[test]
fn findings_come_worst_first() {
    let desk = Desk::new();
    let harms = desk.snapshot.rows.iter().map(|(_, row)| match &row.key {
        RowKey::Finding(key) => key.harm,
        other => panic!("{other:?}"),
    });
    assert!(harms.is_sorted());
}

#[test]
fn enter_goes_from_a_process_to_one_request_and_escape_back() {
    let mut desk = Desk::processes();
    for (grouping, depth) in [
        (Grouping::Files, 1),
        (Grouping::Reasons, 2),
        (Grouping::Requests, 3),
    ] {
        desk.press("Enter");
        assert_eq!(
            (desk.model.view().grouping, desk.model.depth()),
            (grouping, depth)
        );
    }
    desk.press("Enter");
    assert!(matches!(desk.model.place().screen, Screen::Request(_)));
    assert_eq!(desk.model.place().steps.len(), 4);
    for depth in (0..4).rev() {
        assert_eq!(desk.press("Esc"), [Effect::Refresh]);
        assert_eq!(desk.model.depth(), depth);
    }
    assert_eq!(desk.press("Esc"), []);
    assert_eq!(desk.press("q"), [Effect::Quit]);
}

#[test]
fn the_cursor_follows_its_row_and_stays_at_the_top_untouched() {
    let mut desk = Desk::processes();
    desk.press("j j");
    let chosen = desk.snapshot.rows[2].1.key.clone();
    desk.press("I");
    let cursor = desk.model.cursor(&desk.snapshot);
    assert_eq!(desk.snapshot.rows[cursor].1.key, chosen);
    assert_ne!(cursor, 2);
    desk.press("g I");
    assert_eq!(desk.model.cursor(&desk.snapshot), 0);
    assert!(desk.model.place().selected.is_none());
}

#[test]
fn a_row_that_is_gone_leaves_the_cursor_in_place() {
    let mut desk = Desk::processes();
    desk.model.place_mut().selected = Some(Selected::Row(RowKey::Device(None)));
    desk.model.place_mut().cursor = 3;
    update(&mut desk.model, Message::Counted, &desk.snapshot);
    assert_eq!(desk.model.cursor(&desk.snapshot), 3);
}

#[test]
fn every_shown_column_can_be_sorted_by_and_the_first_order_comes_back() {
    let mut desk = Desk::processes();
    let shown = crate::tui::columns::fit(Tab::Processes, 80).len();
    let mut seen = Vec::new();
    for _ in 0..shown {
        desk.press("s");
        seen.push(desk.model.place().order.column);
    }
    assert_eq!(seen[0], Column::Pid);
    assert!(seen.contains(&Column::Rate) && seen.contains(&Column::Reason));
    desk.press("s");
    assert_eq!(desk.model.place().order, Tab::Processes.order());
    desk.press("S");
    assert_eq!(desk.model.place().order.column, *seen.last().unwrap());
}

#[test]
fn a_filter_is_typed_corrected_taken_and_dropped() {
    let mut desk = Desk::processes();
    desk.press("f colour=red Enter");
    let error = desk.model.prompt.as_ref().unwrap().error.clone().unwrap();
    assert!(error.contains("there is no field"), "{error}");
    assert!(
        desk.press("C-u comm=qemu* Enter")
            .contains(&Effect::Refresh)
    );
    assert!(desk.model.prompt.is_none());
    assert_eq!(desk.snapshot.rows.len(), 1);
    // The line starts with the filter in force.
    desk.press("f");
    assert_eq!(desk.model.prompt.as_ref().unwrap().text, "comm=qemu*");
    desk.press("Esc F");
    assert!(desk.model.filter.is_empty() && desk.snapshot.rows.len() > 1);
}

#[test]
fn searching_goes_round() {
    let mut desk = Desk::processes();
    desk.press("/ postgres Enter");
    let found = desk.model.cursor(&desk.snapshot);
    let row = &desk.snapshot.rows[found].1;
    assert!(crate::tui::labels::command(row).contains("postgres"));
    desk.press("n");
    assert_eq!(desk.model.cursor(&desk.snapshot), found);
    desk.press("/ rejected Enter n n n n");
    assert!(desk.model.cursor(&desk.snapshot) < 3);
    desk.press("/ nowhere Enter");
    assert!(
        desk.model
            .notice
            .as_ref()
            .is_some_and(|notice| notice.failed)
    );
}

#[test]
fn freezing_holds_and_lets_go() {
    let mut desk = Desk::processes();
    assert_eq!(desk.press("z"), [Effect::Freeze(true), Effect::Refresh]);
    assert_eq!(desk.model.frozen, Some(desk.snapshot.time));
    assert_eq!(
        desk.press("Space"),
        [Effect::Freeze(false), Effect::Refresh]
    );
    assert_eq!(desk.model.frozen, None);
}

#[test]
fn saving_writes_the_whole_table_and_the_explanation() {
    let mut desk = Desk::processes();
    desk.press("o");
    assert_eq!(
        desk.model.prompt.as_ref().unwrap().text,
        "dio-trace-db7-2026-11-24T030020.txt"
    );
    let effects = desk.press("C-u /tmp/x Enter");
    let [Effect::Save { path, text }] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(path, "/tmp/x");
    for part in ["mariadbd", "postgres", "What to change", "kernel 6.12.48"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(text.is_ascii());
}

#[test]
fn recording_starts_and_stops() {
    let mut desk = Desk::processes();
    assert_eq!(
        desk.press("r C-u t.dio Enter"),
        [Effect::StartRecording("t.dio".to_owned())]
    );
    update(
        &mut desk.model,
        Message::Recording(Some("t.dio".to_owned())),
        &desk.snapshot,
    );
    assert_eq!(desk.press("r"), [Effect::StopRecording]);
}

#[test]
fn moving_along_the_time_line_needs_one() {
    let mut desk = Desk::processes();
    assert_eq!(desk.press("]"), []);
    assert!(desk.model.notice.is_some());
    let mut playback = crate::tui::Playback::new(desk.snapshot.since);
    let end = Timestamp(desk.snapshot.since.0 + 60_000_000_000);
    playback.outline.add(end, 1);
    playback.position = Timestamp(desk.snapshot.since.0 + 55_000_000_000);
    update(
        &mut desk.model,
        Message::Played(Box::new(playback.clone())),
        &desk.snapshot,
    );
    use crate::tui::Play::{Seek, Speed, Step, Toggle};
    for (key, play) in [
        ("]", Seek(end)),
        ("[", Seek(Timestamp(playback.position.0 - 10_000_000_000))),
        ("^", Seek(playback.start)),
        ("$", Seek(end)),
        (".", Step(1)),
        (",", Step(-1)),
        ("Space", Toggle),
        ("-", Speed(6)),
        ("+", Speed(7)),
    ] {
        assert_eq!(desk.press(key), [Effect::Play(play)], "{key}");
    }
}

#[test]
fn clicks_select_open_sort_and_switch() {
    let mut desk = Desk::processes();
    let body = Areas::of(&desk.model).body.y;
    let mut click = |x, y| update(&mut desk.model, Message::Click(x, y), &desk.snapshot);
    assert_eq!(click(20, body + 3), []);
    assert_eq!(click(20, body + 3), [Effect::Refresh]);
    assert_eq!(desk.model.depth(), 1);
    let mut desk = Desk::processes();
    let areas = Areas::of(&desk.model);
    update(
        &mut desk.model,
        Message::Click(10, areas.body.y),
        &desk.snapshot,
    );
    assert_eq!(desk.model.place().order.column, Column::Command);
    update(
        &mut desk.model,
        Message::Click(20, areas.tabs.y),
        &desk.snapshot,
    );
    assert_eq!(desk.model.tab(), Tab::Files);
    // Below the last row, and outside everything.
    for (x, y) in [(5, areas.body.y + 12), (500, 500), (0, areas.footer.y)] {
        assert_eq!(
            update(&mut desk.model, Message::Click(x, y), &desk.snapshot),
            []
        );
    }
}

#[test]
fn a_text_scrolls_to_its_end_and_no_further() {
    let mut desk = Desk::processes();
    desk.press("?");
    assert_eq!(desk.model.place().offset, 0);
    desk.press("G");
    let last = desk.model.place().offset;
    assert!(last > 0);
    desk.press("j j PgDn");
    assert_eq!(desk.model.place().offset, last);
    desk.press("k g");
    assert_eq!(desk.model.place().offset, 0);
}
