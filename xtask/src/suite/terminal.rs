//! A program in a terminal of its own, with its screen and its keyboard.

use std::{
    io::{Read, Write},
    num::NonZero,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use portable_pty::Child;

use crate::terminal;

/// Size of the terminal: rows and columns.
const SIZE: (u16, u16) = (30, 120);

/// Time limit for a screen to appear; attaching is slow under emulation.
const PATIENCE: Duration = Duration::from_secs(300);

/// The terminal, and the program that runs in it.
pub(super) struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Terminal {
    /// Starts a program.
    ///
    /// # Errors
    /// When there is no pseudo-terminal, or no such program.
    pub(super) fn run(program: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let (rows, cols) = SIZE;
        let terminal::Terminal {
            mut output,
            keys,
            child,
        } = terminal::Terminal::run(program, arguments, SIZE)?;
        let lines = |number| NonZero::new(number).context("an empty terminal");
        let parser = vt100::Parser::new(lines(rows)?, lines(cols)?, 0);
        let screen = Arc::new(Mutex::new(parser));
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                if let Ok(mut parser) = shared.lock() {
                    parser.process(&bytes[..length]);
                }
            }
        });
        Ok(Self {
            screen,
            keys,
            child,
        })
    }

    /// Presses keys.
    ///
    /// # Errors
    /// When the program has ended.
    pub(super) fn press(&mut self, keys: &str) -> anyhow::Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// Waits until every text is on the screen.
    ///
    /// # Errors
    /// When that does not happen in time; the message has the screen.
    pub(super) fn wait_for(&mut self, texts: &[&str]) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            let screen = self.contents();
            if texts.iter().all(|text| screen.contains(text)) {
                return Ok(());
            }
            if started.elapsed() > PATIENCE || self.child.try_wait()?.is_some() {
                bail!("never saw {texts:?}:\n{screen}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits for the program's end. Returns its exit code, and whether it left the alternate
    /// screen.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub(super) fn end(mut self) -> anyhow::Result<(u32, bool)> {
        let status = self.child.wait()?;
        // Its last output is still on its way.
        std::thread::sleep(Duration::from_millis(500));
        let left = self
            .screen
            .lock()
            .is_ok_and(|parser| !parser.screen().alternate_screen());
        Ok((status.exit_code(), left))
    }

    fn contents(&self) -> String {
        self.screen
            .lock()
            .map(|parser| parser.screen().contents())
            .unwrap_or_default()
    }
}
