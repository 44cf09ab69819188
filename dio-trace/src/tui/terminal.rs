//! The terminal: set up at the start, and restored whatever happens.

use std::{
    io::{self, BufWriter, IsTerminal, Stdout, Write, stdout},
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, bail};
use ratatui::{
    Frame, Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::{Hide, Show},
        event::{DisableMouseCapture, EnableMouseCapture},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
    layout::Rect,
};

/// Size of the output buffer, bytes: a whole large screen, so that it does not flicker.
const BUFFER: usize = 1 << 16;

/// Whether the terminal is set up, so that the panic hook must restore it.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is set up.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    mouse: bool,
}

impl Screen {
    /// Sets the terminal up. It is restored on drop, and before the message of a panic.
    pub(super) fn take(mouse: bool) -> anyhow::Result<Self> {
        if !stdout().is_terminal() {
            bail!(
                "the dashboard needs a terminal, and standard output is none: use `dio-trace \
                 report` or `dio-trace replay --screenshot 120x40` instead"
            );
        }
        give_back_on_panic();
        enter(mouse).context("cannot set up the terminal")?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(BUFFER, stdout()));
        match Terminal::new(backend) {
            Ok(terminal) => Ok(Self { terminal, mouse }),
            Err(error) => {
                leave();
                Err(error).context("cannot set up the terminal")
            }
        }
    }

    /// Columns and lines.
    pub(super) fn size(&self) -> (u16, u16) {
        self.terminal
            .size()
            .map_or((80, 24), |size| (size.width, size.height))
    }

    /// Draws a frame.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> anyhow::Result<()> {
        self.terminal
            .draw(draw)
            .context("cannot draw on the terminal")?;
        Ok(())
    }

    /// Makes the next frame draw everything. `Terminal::clear` cannot be used: it asks the terminal
    /// for the cursor's place, and the thread that reads keys would get the answer.
    pub(super) fn clear(&mut self) -> anyhow::Result<()> {
        let (width, height) = self.size();
        self.terminal
            .resize(Rect::new(0, 0, width, height))
            .context("cannot draw on the terminal")
    }

    /// Suspends this process: gives the terminal to the shell until the shell resumes it.
    pub(super) fn suspend(&mut self) -> anyhow::Result<()> {
        leave();
        // SAFETY: takes no pointers; the default action of SIGTSTP stops this process.
        unsafe { libc::raise(libc::SIGTSTP) };
        enter(self.mouse).context("cannot set up the terminal")?;
        self.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, Hide)?;
    if mouse {
        execute!(stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

/// Undoes [`enter`] once. Errors do not matter, because the terminal may be closed.
fn leave() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(stdout(), DisableMouseCapture, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
        let _ = stdout().flush();
    }
}

fn give_back_on_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            before(panic);
        }));
    });
}
