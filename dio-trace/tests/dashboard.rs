//! Drives the real binary in a pseudo-terminal over a recording and over a stream.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io::{Read, Write},
    num::NonZero,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use dio_trace::{
    model::Timestamp,
    recording::{Files, Recorder, Target},
    source::{EventSource, recording::Recording, script::Script},
};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Far beyond what anything takes here: only a failure waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

const SIZE: (u16, u16) = (100, 30);

/// A size that the parser takes.
fn lines(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

/// A recording of the scripted night.
fn recording(directory: &Path) -> PathBuf {
    let path = directory.join("night.dio");
    let mut script = Script::night(90);
    let files = Files {
        path: path.clone(),
        max_size: None,
        keep: 0,
    };
    let environment = script.environment().clone();
    let mut recorder = Recorder::start(Target::Files(files), environment).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut end = Timestamp::default();
    while let Some(batch) = runtime.block_on(script.next_batch()).unwrap() {
        end = batch.time;
        recorder.write(batch).unwrap();
    }
    recorder.finish(end).unwrap();
    path
}

/// A terminal with a program in it.
struct Desk {
    parser: Arc<Mutex<vt100::Parser>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

impl Desk {
    fn run(command: CommandBuilder) -> Self {
        let (cols, rows) = SIZE;
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = Arc::new(Mutex::new(vt100::Parser::new(lines(rows), lines(cols), 0)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shared = Arc::clone(&parser);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                shared.lock().unwrap().process(&bytes[..length]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self {
            parser,
            keys,
            child,
            master: pair.master,
        }
    }

    fn screen(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    #[track_caller]
    fn wait(&self, what: &str, seen: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if seen(&screen) {
                return screen;
            }
            assert!(start.elapsed() < PATIENCE, "never saw {what}:\n{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[track_caller]
    fn wait_for(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for the end; says whether it went well and the terminal was given back.
    #[track_caller]
    fn end(&mut self) -> u32 {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "does not end:\n{}",
                self.screen()
            );
            thread::sleep(Duration::from_millis(20));
        };
        self.wait("the shell's screen", |_| {
            let parser = self.parser.lock().unwrap();
            let screen = parser.screen();
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
        assert!(self.is_cooked(), "the terminal was left in raw mode");
        status.exit_code()
    }

    /// Whether the line discipline echoes again.
    fn is_cooked(&self) -> bool {
        let Some(descriptor) = self.master.as_raw_fd() else {
            return true;
        };
        // SAFETY: all-zero is a valid `termios`, and the call writes into it.
        let mut modes: libc::termios = unsafe { std::mem::zeroed() };
        // SAFETY: the descriptor is open as long as `master` lives; `modes` is writable.
        let read = unsafe { libc::tcgetattr(descriptor, &raw mut modes) };
        read != 0 || modes.c_lflag & libc::ECHO != 0
    }
}

fn replay(file: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_dio-trace"));
    command.args(["replay".as_ref(), file.as_os_str()]);
    environment(&mut command);
    command
}

fn environment(command: &mut CommandBuilder) {
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command.env_remove("NO_COLOR");
}

#[test]
fn a_recording_is_filtered_sorted_drilled_into_frozen_and_left() {
    let directory = tempfile::tempdir().unwrap();
    let mut desk = Desk::run(replay(&recording(directory.path())));
    desk.wait_for(" END ");
    let screen = desk.wait_for("misaligned (0.5%) of 1,335,852 direct requests");
    assert!(
        screen.contains("mariadbd") && screen.contains("▶   4182 qemu-system-x86"),
        "{screen}"
    );

    desk.press("fcomm=maria* verdict=rejected\r");
    let screen = desk.wait_for("filter comm=maria* verdict=rejected");
    assert!(
        screen.contains("1 process by") && !screen.contains("postgres"),
        "{screen}"
    );
    desk.press("F");
    desk.wait_for("8 processes by most trouble");

    desk.press("s");
    desk.wait_for("by PID ▲");
    desk.press("I");
    let screen = desk.wait_for("by PID ▼");
    let position = |name: &str| screen.find(name).unwrap();
    assert!(position("fio") < position("restic") && position("restic") < position("slapd"));

    desk.press("/maria\r");
    desk.wait_for("▶   2210 mariadbd");
    desk.press("\r");
    desk.wait_for("mariadbd 2210 · 2 files");
    desk.press("\r");
    desk.wait_for("mariadbd 2210 › /var/lib/mysql/ib_logfile0");
    desk.press("\r");
    desk.wait_for("captured requests by TIME");
    desk.press("\r");
    let screen = desk.wait_for("In the file, against logical blocks of 4096 bytes");
    assert!(screen.contains("rejected with EINVAL"), "{screen}");
    assert!(
        screen.contains("512 over a multiple of 4096 (logical block)"),
        "{screen}"
    );

    desk.press("\x7f\x7f\x7f\x7f");
    desk.wait_for("8 processes");
    desk.press("z");
    desk.wait_for("FROZEN");
    desk.press("z");
    desk.wait_for(" END ");
    desk.press("q");
    assert_eq!(desk.end(), 0);
}

#[test]
fn a_recording_is_played_along_its_time_line() {
    let directory = tempfile::tempdir().unwrap();
    let mut desk = Desk::run(replay(&recording(directory.path())));
    desk.wait_for(" END  03:01:30");
    desk.press("[");
    desk.wait_for("PAUSED  03:01:20");
    desk.press(",");
    desk.wait_for("PAUSED  03:01:19");
    desk.press("..");
    desk.wait_for("PAUSED  03:01:21");
    desk.press("^");
    desk.wait_for("no direct request seen");
    desk.wait_for("Nothing yet at this place of the recording");
    // Counting anew from the beginning comes to the same.
    desk.press("$");
    desk.wait_for("of 1,335,852 direct requests");
    desk.press("Q");
    assert_eq!(desk.end(), 0);
}

#[test]
fn a_stream_is_shown_to_its_end_with_keys_from_the_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let file = recording(directory.path());
    let mut command = CommandBuilder::new("sh");
    let binary = env!("CARGO_BIN_EXE_dio-trace");
    let script = format!("cat '{}' | '{binary}' replay -; exit $?", file.display());
    command.args(["-c", &script]);
    environment(&mut command);
    let mut desk = Desk::run(command);
    desk.wait_for("STREAM ENDED");
    desk.wait_for("of 1,335,852 direct requests");
    desk.press("3");
    desk.wait_for("LIMITS FROM");
    // Drawn anew: once for C-l, once for coming back from the shell. There is none here, so the
    // kernel does not stop a process that nobody could bring back.
    for key in ["\x0c", "\x1a"] {
        desk.parser.lock().unwrap().process(b"\x1b[2J");
        assert!(!desk.screen().contains("LIMITS FROM"));
        desk.press(key);
        desk.wait_for("LIMITS FROM");
    }
    desk.press("q");
    assert_eq!(desk.end(), 0);
}

#[test]
fn what_a_stream_brings_is_recorded_and_saved_from_the_screen() {
    let directory = tempfile::tempdir().unwrap();
    let file = recording(directory.path());
    let (copy, saved) = (
        directory.path().join("copy.dio"),
        directory.path().join("report.txt"),
    );
    let mut command = CommandBuilder::new("sh");
    let binary = env!("CARGO_BIN_EXE_dio-trace");
    let script = format!(
        "(head -c 3000 '{0}'; sleep 1; tail -c +3001 '{0}'; sleep 1) | '{binary}' replay -",
        file.display()
    );
    command.args(["-c", &script]);
    environment(&mut command);
    let mut desk = Desk::run(command);
    desk.wait_for("Processes");
    desk.press(&format!("r\x15{}\r", copy.display()));
    desk.wait_for("REC");
    desk.wait_for("STREAM ENDED");
    desk.press("r");
    desk.wait_for("recorded to");
    desk.press(&format!("o\x15{}\r", saved.display()));
    desk.wait_for("saved to");
    // Neither may be overwritten.
    desk.press(&format!("o\x15{}\r", saved.display()));
    desk.wait_for("cannot save to");
    desk.press("Q");
    desk.end();
    assert!(
        std::fs::read_to_string(&saved)
            .unwrap()
            .contains("mariadbd")
    );
    let mut copied = Recording::open(&copy).unwrap();
    assert_eq!(copied.environment().host, "db7");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    while runtime.block_on(copied.next_batch()).unwrap().is_some() {}
}

#[test]
fn a_signal_ends_it_and_gives_the_terminal_back() {
    let directory = tempfile::tempdir().unwrap();
    let file = recording(directory.path());
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        let mut desk = Desk::run(replay(&file));
        desk.wait_for("mariadbd");
        let pid = i32::try_from(desk.child.process_id().unwrap()).unwrap();
        // SAFETY: takes no pointers; the child has not been waited for.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
        assert_eq!(desk.end(), 0);
    }
}

#[test]
fn the_terminal_may_change_its_size() {
    let directory = tempfile::tempdir().unwrap();
    let mut desk = Desk::run(replay(&recording(directory.path())));
    desk.wait_for("mariadbd");
    for (cols, rows) in [(1, 1), (40, 10), (200, 60)] {
        desk.parser
            .lock()
            .unwrap()
            .screen_mut()
            .set_size(lines(rows), lines(cols));
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        desk.master.resize(size).unwrap();
        thread::sleep(Duration::from_millis(150));
    }
    desk.wait_for("REJECTED");
    desk.press("q");
    assert_eq!(desk.end(), 0);
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let file = recording(directory.path());
    assert_cmd::Command::new(env!("CARGO_BIN_EXE_dio-trace"))
        .arg("replay")
        .arg(&file)
        .assert()
        .code(2)
        .stderr(
            "dio-trace: the dashboard needs a terminal, and standard output is none: use \
                 `dio-trace report` or `dio-trace replay --screenshot 120x40` instead\n",
        );
    let shot = assert_cmd::Command::new(env!("CARGO_BIN_EXE_dio-trace"))
        .args([
            "replay",
            "--screenshot",
            "130x25",
            "--keys",
            "j Enter Enter",
            "--verdict",
        ])
        .arg("rejected")
        .arg(&file)
        .env("LC_ALL", "C")
        .assert()
        .success();
    let text = String::from_utf8(shot.get_output().stdout.clone()).unwrap();
    assert!(
        text.is_ascii() && text.contains("mariadbd 2210 > /var/lib/mysql/ib_logfile0"),
        "{text}"
    );
}
