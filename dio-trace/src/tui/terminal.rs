//! The terminal, taken over and given back whatever happens.

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

/// Bytes gathered before they are written: a whole large screen, so that it does not flicker.
const BUFFER: usize = 1 << 16;

/// Whether the terminal is taken over: what the panic hook must undo.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal as long as it is taken over.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal over. It is given back on drop, and before a panic's message.
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

    /// Makes the next frame draw everything. Not with `Terminal::clear`: that asks the terminal
    /// for the cursor's place, and the thread that reads keys would take the answer.
    pub(super) fn clear(&mut self) -> anyhow::Result<()> {
        let (width, height) = self.size();
        self.terminal
            .resize(Rect::new(0, 0, width, height))
            .context("cannot draw on the terminal")
    }

    /// Gives the terminal to the shell until it brings this process back.
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

/// Undoes [`enter`], once. Errors do not matter: the terminal may be gone.
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
