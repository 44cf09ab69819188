//! Every screen over a scripted trace, drawn without a terminal: what it looks like at three
//! sizes, without colour and in ASCII; and that nothing panics at any size and in any state.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use dio_trace::{
    filter::Filter,
    model::Vocabulary,
    source::{EventSource, script::Script},
    store::Store,
    tui::{
        Effect, Ending, Format, Key, Message, Model, Outline, Playback, Shot, Theme, plain,
        screenshot, update, view,
    },
};
use proptest::prelude::*;
use ratatui::{Terminal, backend::TestBackend};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

fn draw(script: Script, size: (u16, u16), theme: Theme, keys: &str) -> String {
    let keys = Key::parse(keys);
    let shot = Shot {
        size,
        filter: Filter::default(),
        timeline: false,
        keys,
        theme,
        format: Format::Plain,
    };
    runtime().block_on(screenshot(script, &shot)).unwrap()
}

/// One screen at the usual, the smallest and the largest size, and in ASCII.
fn sheet(script: &Script, keys: &str) -> String {
    let mut sheet = String::new();
    let sizes = [
        ("80x24", (80, 24), Theme::MONOCHROME),
        ("40x10", (40, 10), Theme::MONOCHROME),
        ("200x60", (200, 60), Theme::MONOCHROME),
        ("80x24, ASCII", (80, 24), Theme::ASCII),
    ];
    for (name, size, theme) in sizes {
        let screen = draw(script.clone(), size, theme, keys);
        for line in screen.lines() {
            assert!(
                line.chars().count() <= usize::from(size.0),
                "{keys} {name}: {line}"
            );
            assert!(
                theme.symbols != Theme::ASCII.symbols || line.is_ascii(),
                "{keys}: {line}"
            );
        }
        assert_eq!(screen.lines().count(), usize::from(size.1));
        sheet.push_str(&format!("=== {name}\n{screen}"));
    }
    sheet
}

macro_rules! sheets {
    ($($name:ident: $keys:literal;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(sheet(&Script::night(90), $keys));
        }
    )*};
}

sheets! {
    findings: "";
    files_of_a_finding: "Enter";
    processes_of_a_finding: "Enter Enter";
    processes: "2";
    processes_with_their_files: "t j";
    processes_by_command_turned_round: "2 s s I";
    processes_of_the_last_minute: "2 w";
    files: "3";
    devices: "4";
    reasons: "5";
    requests: "6";
    alignments: "7";
    event_log: "8";
    host: "9";
    help: "?";
    files_of_a_process: "2 Enter";
    reasons_of_a_file_in_a_process: "2 j Enter Enter";
    requests_of_one_kind: "2 Enter Enter Enter";
    request_rejected_for_its_length: "2 j Enter Enter Enter Enter";
    request_rejected_for_a_segment: "2 j j Enter Enter Enter Enter";
    request_buffered: "2 j j j Enter Enter Enter Enter";
    request_accepted_for_now: "2 j j j j Enter Enter Enter Enter";
    filtered: "2 f comm=q* Space verdict=accepted Enter";
    filtered_to_nothing: "2 f comm=nobody Enter";
    filter_refused: "2 f verdict=bad Enter";
    searched: "2 / maria Enter";
    frozen: "2 z";
}

/// A snapshot would approve a key that runs into its explanation.
#[test]
fn two_blanks_stand_between_the_columns_of_the_help() {
    let keys = dio_trace::tui::KEYMAP.iter().map(|binding| {
        let keys: Vec<_> = binding.keys.iter().map(ToString::to_string).collect();
        keys.join(" ")
    });
    let words = [Vocabulary::Verdicts, Vocabulary::Reasons, Vocabulary::Flags];
    let words = words.into_iter().flat_map(Vocabulary::meanings);
    let lefts: Vec<String> = keys.chain(words.map(|(word, _)| word.to_owned())).collect();
    for width in [40, 80, 200] {
        let screen = draw(Script::night(1), (width, 500), Theme::MONOCHROME, "?");
        for left in &lefts {
            let start = format!("  {left}  ");
            let found = screen.lines().any(|line| line.starts_with(&start));
            assert!(found, "{left:?} at {width} columns:\n{screen}");
        }
    }
}

#[test]
fn a_recording_has_a_time_line() {
    let shot = Shot {
        size: (80, 24),
        filter: Filter::default(),
        timeline: true,
        keys: Vec::new(),
        theme: Theme::MONOCHROME,
        format: Format::Plain,
    };
    let screen = runtime()
        .block_on(screenshot(Script::night(90), &shot))
        .unwrap();
    insta::assert_snapshot!(screen);
}

#[test]
fn a_healthy_host_says_so() {
    insta::assert_snapshot!(sheet(&Script::healthy(90), ""));
}

#[test]
fn nothing_seen_says_what_is_going_on() {
    let silent = Script::new(Script::night(0).environment().clone(), []);
    insta::assert_snapshot!(sheet(&silent, ""));
}

#[test]
fn colours_are_escape_sequences_and_pictures_are_whole() {
    let keys = Key::parse("j");
    for (format, start, end) in [
        (Format::Ansi, "\u{1b}[", "\u{1b}[0m\n"),
        (Format::Svg, "<svg ", "</svg>\n"),
    ] {
        let filter = Filter::default();
        let shot = Shot {
            size: (100, 30),
            filter,
            timeline: false,
            keys: keys.clone(),
            theme: Theme::COLOUR,
            format,
        };
        let text = runtime()
            .block_on(screenshot(Script::night(30), &shot))
            .unwrap();
        assert!(text.starts_with(start) && text.ends_with(end), "{text}");
        assert!(text.contains("mariadbd"));
        assert_eq!(
            text.matches("<text").count(),
            text.matches("</text>").count()
        );
    }
}

/// The screen with everything that the runner does to it.
struct Desk {
    store: Store,
    model: Model,
    snapshot: dio_trace::store::Snapshot,
    batches: Vec<dio_trace::model::Batch>,
}

impl Desk {
    fn new(size: (u16, u16)) -> Self {
        let mut script = Script::night(60);
        let mut batches = Vec::new();
        runtime().block_on(async {
            while let Some(batch) = script.next_batch().await.unwrap() {
                batches.push(batch);
            }
        });
        batches.reverse();
        let mut store = Store::new(script.environment().clone());
        for _ in 0..30 {
            store.add(batches.pop().unwrap());
        }
        let model = Model::new(size);
        Self {
            snapshot: store.snapshot(&model.view()),
            store,
            model,
            batches,
        }
    }

    fn take(&mut self, message: Message) {
        for effect in update(&mut self.model, message, &self.snapshot) {
            match effect {
                Effect::Refresh => self.count(),
                Effect::Reset => self.store.reset(),
                Effect::StartRecording(path) => {
                    update(
                        &mut self.model,
                        Message::Recording(Some(path)),
                        &self.snapshot,
                    );
                }
                _ => {}
            }
        }
    }

    fn count(&mut self) {
        self.snapshot = self.store.snapshot(&self.model.view());
        update(&mut self.model, Message::Counted, &self.snapshot);
    }

    fn draw(&self, size: (u16, u16), theme: Theme) -> String {
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        terminal
            .draw(|frame| view(frame, &self.model, &self.snapshot, &theme))
            .unwrap();
        plain(terminal.backend().buffer())
    }
}

fn any_message() -> impl Strategy<Value = Message> {
    let named = proptest::sample::select(
        dio_trace::tui::KEYMAP
            .iter()
            .flat_map(|binding| binding.keys)
            .copied()
            .collect::<Vec<_>>(),
    );
    prop_oneof![
        12 => named.prop_map(Message::Key),
        2 => any::<char>().prop_map(|one| Message::Key(Key::Char(one))),
        2 => (0_u16..250, 0_u16..80).prop_map(|(x, y)| Message::Click(x, y)),
        1 => (-5_i16..5).prop_map(Message::Wheel),
        3 => (0_u16..220, 0_u16..70).prop_map(|(width, height)| Message::Resize(width, height)),
        2 => Just(Message::Counted),
        1 => Just(Message::Ended),
        1 => ".{0,40}".prop_map(Message::Failed),
        1 => (".{0,40}", any::<bool>()).prop_map(|(text, failed)| Message::Notice { text, failed }),
        1 => (0_i64..90, any::<bool>(), 0_usize..12).prop_map(|(second, playing, speed)| {
            let start = dio_trace::source::script::STARTED;
            let mut playback = Playback::new(start);
            playback.outline = Outline::new(start);
            let at = |second: i64| dio_trace::model::Timestamp(start.0 + second * 1_000_000_000);
            playback.outline.add(at(70), 5);
            playback.position = at(second);
            (playback.playing, playback.speed) = (playing, speed);
            Message::Played(Box::new(playback))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_message_at_any_size_panics(
        width in 0_u16..200,
        height in 0_u16..60,
        messages in proptest::collection::vec(any_message(), 1..60),
    ) {
        let mut desk = Desk::new((width, height));
        for (index, message) in messages.into_iter().enumerate() {
            if index % 4 == 3 && let Some(batch) = desk.batches.pop() {
                desk.store.add(batch);
                desk.count();
            }
            desk.take(message);
            let (wide, high) = desk.model.size;
            let theme = [Theme::COLOUR, Theme::MONOCHROME, Theme::ASCII][index % 3];
            desk.draw((wide.max(1), high.max(1)), theme);
            // The terminal has shrunk, and the model does not know it yet.
            desk.draw((1, 1), theme);
        }
    }
}

#[test]
fn every_size_from_one_cell_draws() {
    let mut desk = Desk::new((80, 24));
    for key in Key::parse("1 t 2 3 4 5 Enter Esc 6 7 8 ?") {
        desk.take(Message::Key(key));
        for size in [
            (1, 1),
            (2, 1),
            (1, 2),
            (3, 40),
            (300, 2),
            (7, 7),
            (20, 5),
            (300, 100),
        ] {
            desk.take(Message::Resize(size.0, size.1));
            desk.draw(size, Theme::MONOCHROME);
        }
    }
}

#[test]
fn the_end_of_a_stream_is_said_and_a_failure_as_well() {
    let mut desk = Desk::new((80, 24));
    assert!(desk.draw((80, 24), Theme::MONOCHROME).contains("LIVE"));
    desk.take(Message::Ended);
    assert!(
        desk.draw((80, 24), Theme::MONOCHROME)
            .contains("STREAM ENDED")
    );
    desk.take(Message::Failed("the cable\u{1b}[2J".to_owned()));
    let screen = desk.draw((80, 24), Theme::MONOCHROME);
    assert!(
        screen.contains("FAILED") && screen.contains("the cable\\u{1b}[2J"),
        "{screen}"
    );
    assert_eq!(
        desk.model.ending,
        Ending::Failed("the cable\u{1b}[2J".to_owned())
    );
}

#[test]
fn names_from_outside_cannot_command_the_terminal() {
    let screen = draw(Script::night(5), (200, 60), Theme::COLOUR, "3");
    assert!(
        screen.contains("\\u{1b}[2Jreport\\u{202e}gpj.\\n"),
        "{screen}"
    );
    assert!(!screen.contains('\u{1b}') && !screen.contains('\u{202e}'));
}
