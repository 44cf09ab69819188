//! Drives the real binary in a pseudo-terminal over a recording and over a stream.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "dashboard/desk.rs"]
mod desk;

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use desk::{Desk, lines};
use dio_trace::{
    model::Timestamp,
    recording::{Files, Recorder, Target},
    source::{EventSource, recording::Recording, script::Script},
};
use portable_pty::{CommandBuilder, PtySize};

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
    // A frame may arrive in pieces, so everything that must be on one screen is waited for
    // together.
    let all =
        |texts: &'static [&str]| move |screen: &str| texts.iter().all(|text| screen.contains(text));
    desk.wait(
        "the whole night",
        all(&[
            " END ",
            "of 1,335,852 direct requests (0.4%)",
            "▶rejected",
            "why     ",
            "change  ",
            "mariadbd",
        ]),
    );
    desk.press("\r");
    desk.wait_for("qemu-system-x86 rejected · 1 file");
    desk.press("\x7f2");
    desk.wait_for("▶   4182 qemu-system-x86");

    desk.press("fcomm=maria* verdict=rejected\r");
    let filtered = all(&[
        "filter comm=maria* verdict=rejected",
        "1 process by",
        "mariadbd",
    ]);
    desk.wait("one process", |screen| {
        filtered(screen) && !screen.contains("postgres")
    });
    desk.press("F");
    desk.wait(
        "all processes",
        all(&["8 processes by most trouble", "postgres"]),
    );

    desk.press("s");
    desk.wait_for("by PID ▲");
    desk.press("I");
    desk.wait("the order of pids turned round", |screen| {
        let place = |name: &str| screen.find(name).unwrap_or(usize::MAX);
        screen.contains("by PID ▼")
            && place("fio") < place("restic")
            && place("restic") < place("slapd")
    });

    desk.press("/maria\r");
    desk.wait_for("▶   2210 mariadbd");
    desk.press("\r");
    desk.wait_for("mariadbd 2210 · 2 files");
    desk.press("\r");
    desk.wait_for("mariadbd 2210 › /var/lib/mysql/ib_logfile0");
    desk.press("\r");
    desk.wait_for("captured requests by TIME");
    desk.press("\r");
    desk.wait(
        "the request",
        all(&[
            "512-byte write at",
            "rejected with EINVAL",
            "In the file, against logical blocks of 4096 bytes",
            "512 over a multiple of 4096 (logical block)",
        ]),
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
    desk.wait_for("No direct requests seen");
    desk.wait_for("Nothing yet at this place of the recording");
    // Counting again from the beginning gives the same numbers.
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
    desk.press("4");
    desk.wait_for("LIMITS FROM");
    // Redrawn twice: for C-l, and for coming back from the shell. There is no shell here, so the
    // kernel does not stop a process that nobody could resume.
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
    desk.wait_for("Findings");
    desk.press(&format!("r\x15{}\r", copy.display()));
    desk.wait_for("REC");
    desk.wait_for("STREAM ENDED");
    desk.press("r");
    desk.wait_for("recorded to");
    desk.press(&format!("o\x15{}\r", saved.display()));
    desk.wait_for("saved to");
    // Neither file may be overwritten.
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
fn a_recording_that_was_cut_off_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let file = recording(directory.path());
    let length = std::fs::metadata(&file).unwrap().len();
    let whole = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    // Cut inside the mark that ends it, so the batches are whole.
    whole.set_len(length - 6).unwrap();
    let mut desk = Desk::run(replay(&file));
    desk.wait_for("it ended early");
    desk.wait_for(" END ");
    desk.wait_for("mariadbd");
    desk.press("q");
    assert_eq!(desk.end(), 0);
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
    desk.press("2");
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
            "2 j Enter Enter",
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
