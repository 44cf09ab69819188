//! A pseudo-terminal with a program in it, its screen and its keyboard.

use std::{
    io::{Read, Write},
    num::NonZero,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Time limit, far beyond what anything takes here: only a failure waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

const SIZE: (u16, u16) = (100, 30);

/// A size in the form that the parser needs.
pub(crate) fn lines(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

/// A terminal with a program in it.
pub(crate) struct Desk {
    pub(crate) parser: Arc<Mutex<vt100::Parser>>,
    keys: Box<dyn Write + Send>,
    pub(crate) child: Box<dyn Child + Send + Sync>,
    pub(crate) master: Box<dyn MasterPty + Send>,
}

impl Desk {
    pub(crate) fn run(command: CommandBuilder) -> Self {
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

    pub(crate) fn screen(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    #[track_caller]
    pub(crate) fn wait(&self, what: &str, seen: impl Fn(&str) -> bool) -> String {
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
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for the end. Returns whether it succeeded and the terminal was restored.
    #[track_caller]
    pub(crate) fn end(&mut self) -> u32 {
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
