//! The first line of the dashboard has the host and what was lost, on a narrow screen as well.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use dio_trace::{
    model::{Batch, Loss, LossCause},
    source::{EventSource, script::Script},
    store::Store,
    tui::{Model, Theme, plain, view},
};
use ratatui::{Terminal, backend::TestBackend};

/// The header of a screen over nothing, from a host of this name with these losses.
fn header(host: &str, losses: Vec<Loss>) -> String {
    let mut environment = Script::night(1).environment().clone();
    environment.host = host.to_owned();
    let mut store = Store::new(environment);
    store.add(Batch {
        losses,
        ..Batch::default()
    });
    let model = Model::new((80, 24));
    let snapshot = store.snapshot(&model.view());
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal
        .draw(|frame| view(frame, &model, &snapshot, &Theme::MONOCHROME))
        .unwrap();
    let screen = plain(terminal.backend().buffer());
    screen.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_long_host_name_leaves_room_for_the_rest() {
    let line = header(
        "database-17.rack-4.frankfurt.customers.example.com",
        Vec::new(),
    );
    assert!(line.contains("  database-17"), "{line}");
    assert!(line.contains("6.12.48+deb13-amd64"), "{line}");
    assert!(line.contains("LIVE"), "{line}");
}

#[test]
fn only_lost_requests_are_called_lost() {
    let lost = |cause| header("db7", vec![Loss { cause, count: 3 }]);
    assert!(lost(LossCause::StackUnavailable).starts_with("3 details lost  db7"));
    assert!(lost(LossCause::InFlightFull).starts_with(" LOST 3   db7"));
}
