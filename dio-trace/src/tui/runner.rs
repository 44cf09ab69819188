//! Runs the screen: handles batches, keys and signals as they arrive, carries out effects, and
//! draws at most ten times a second, or not at all if nothing has changed.

use std::{io::Write, time::Duration};

use anyhow::Context;
use tokio::{
    sync::mpsc::Receiver,
    time::{Instant, sleep_until},
};

use crate::{
    filter::Filter,
    model::{Batch, Environment},
    source::EventSource,
    store::{Snapshot, Store},
    tui::{
        files::{Tape, save},
        input::{Signals, keys},
        message::{Effect, Message},
        model::{Ending, Model},
        playback::Outline,
        player::{Next, Player, Reopen},
        terminal::Screen,
        theme::Theme,
        update::update,
        view::view,
    },
};

/// Shortest time between two frames.
const FRAME: Duration = Duration::from_millis(100);

/// Shortest time between two regular snapshots: numbers that change faster cannot be read.
const SNAPSHOT: Duration = Duration::from_millis(500);

/// Share of the time that snapshots and their drawing may take. With many processes there are fewer
/// snapshots.
const SHARE: u32 = 30;

/// Time from one snapshot to the next, where taking and drawing it took `cost`.
#[must_use]
pub fn next_snapshot(cost: Duration) -> Duration {
    SNAPSHOT.max(cost * SHARE)
}

/// The options of the dashboard.
pub struct Options<S> {
    /// The theme.
    pub theme: Theme,
    /// The initial filter.
    pub filter: Filter,
    /// Whether the dashboard uses the mouse; the terminal's own selection then needs Shift.
    pub mouse: bool,
    /// Opens the source again, for the time line of a replay. `None` for live traces and streams.
    pub reopen: Option<Reopen<S>>,
}

/// Shows the dashboard until the user leaves it or a signal ends it.
///
/// # Errors
/// Where standard output is not a terminal, drawing fails, or the source fails. In the last case
/// the screen stays until the user leaves it, and the error is returned then.
pub async fn run<S: EventSource + Send + 'static>(
    source: S,
    options: Options<S>,
) -> anyhow::Result<()> {
    let mut signals = Signals::catch().context("cannot catch signals")?;
    let environment = source.environment().clone();
    let player = Player::new(source, options.reopen);
    let screen = Screen::take(options.mouse)?;
    let mut model = Model::new(screen.size());
    model.filter = options.filter;
    model.playback.clone_from(&player.playback);
    let store = Store::new(environment.clone());
    let mut runner = Runner {
        snapshot: store.snapshot(&model.view()),
        environment,
        store,
        frozen: None,
        model,
        theme: options.theme,
        player,
        tape: Tape::default(),
        screen,
        changed: true,
        stale: false,
        next_frame: Instant::now(),
        next_snapshot: Instant::now(),
    };
    let run = runner.run(&mut signals).await;
    let recorded = runner.stop_recording();
    // The terminal is restored first, because what follows is read on the shell's screen.
    drop(runner.screen);
    if let Some(Message::Notice { text, .. }) = recorded {
        // The terminal may be closed.
        let _ = writeln!(std::io::stderr(), "dio-trace: {text}");
    }
    run?;
    match runner.model.ending {
        Ending::Failed(reason) => Err(anyhow::anyhow!(reason)),
        Ending::None | Ending::Ended => Ok(()),
    }
}

struct Runner<S> {
    environment: Environment,
    store: Store,
    /// The counts at the moment when the screen was frozen.
    frozen: Option<Box<Store>>,
    model: Model,
    snapshot: Snapshot,
    theme: Theme,
    player: Player<S>,
    tape: Tape,
    screen: Screen,
    /// Whether the screen must be drawn again.
    changed: bool,
    /// Whether the store is newer than the snapshot.
    stale: bool,
    next_frame: Instant,
    next_snapshot: Instant,
}

/// Whether to continue.
type Leave = bool;

impl<S: EventSource + Send + 'static> Runner<S> {
    async fn run(&mut self, signals: &mut Signals) -> anyhow::Result<()> {
        let mut keys = keys();
        let mut keys_open = true;
        let mut outlines = self.player.outline();
        loop {
            self.draw()?;
            tokio::select! {
                biased;
                () = signals.any() => return Ok(()),
                key = keys.recv(), if keys_open => match key {
                    Some(message) => {
                        if self.take(message)? {
                            return Ok(());
                        }
                    }
                    None => keys_open = false,
                },
                outline = next_outline(&mut outlines) => self.outlined(outline)?,
                () = sleep_until(self.next_draw()), if self.has_to_draw() => {}
                next = self.player.next(), if self.player.is_moving() => self.played(next)?,
            }
        }
    }

    const fn has_to_draw(&self) -> bool {
        self.changed || (self.stale && self.frozen.is_none())
    }

    fn next_draw(&self) -> Instant {
        if self.changed {
            self.next_frame
        } else {
            self.next_frame.max(self.next_snapshot)
        }
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        if self.stale && self.frozen.is_none() && now >= self.next_snapshot {
            self.refresh();
            self.take(Message::Counted)?;
        }
        if !self.changed || now < self.next_frame {
            return Ok(());
        }
        self.changed = false;
        let (model, snapshot, theme) = (&self.model, &self.snapshot, &self.theme);
        self.screen
            .draw(|frame| view(frame, model, snapshot, theme))?;
        self.next_frame = Instant::now() + FRAME;
        let cost = now.elapsed();
        self.next_snapshot = self.next_snapshot.max(now + next_snapshot(cost));
        Ok(())
    }

    fn refresh(&mut self) {
        let store = self.frozen.as_deref().unwrap_or(&self.store);
        let now = Instant::now();
        self.snapshot = store.snapshot(&self.model.view());
        self.stale = false;
        self.next_snapshot = now + next_snapshot(now.elapsed());
    }

    /// Updates the model, and carries out the effects.
    fn take(&mut self, message: Message) -> anyhow::Result<Leave> {
        self.changed = true;
        let effects = update(&mut self.model, message, &self.snapshot);
        for effect in effects {
            if self.carry_out(effect)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn carry_out(&mut self, effect: Effect) -> anyhow::Result<Leave> {
        let answer = match effect {
            Effect::Quit => return Ok(true),
            Effect::Refresh => {
                self.refresh();
                Some(Message::Counted)
            }
            Effect::Freeze(hold) => {
                self.frozen = hold.then(|| Box::new(self.store.clone()));
                None
            }
            Effect::Reset => {
                self.store.reset();
                if let Some(frozen) = &mut self.frozen {
                    frozen.reset();
                }
                None
            }
            Effect::Save { path, text } => Some(notice(save(&path, &text))),
            Effect::StartRecording(path) => Some(self.start_recording(path)),
            Effect::StopRecording => {
                let stopped = self.stop_recording();
                self.take(Message::Recording(None))?;
                stopped
            }
            Effect::Play(play) => {
                match self.player.play(play) {
                    Ok(true) => self.store = Store::new(self.environment.clone()),
                    Ok(false) => {}
                    Err(error) => {
                        self.take(Message::Failed(format!("{error:#}")))?;
                    }
                }
                self.moved()?;
                None
            }
            Effect::Suspend => {
                self.screen.suspend()?;
                let (width, height) = self.screen.size();
                Some(Message::Resize(width, height))
            }
            Effect::Redraw => {
                self.screen.clear()?;
                None
            }
        };
        match answer {
            Some(message) => self.take(message),
            None => Ok(false),
        }
    }

    fn played(&mut self, next: anyhow::Result<Next>) -> anyhow::Result<()> {
        match next {
            Ok(Next::Batch(batch)) => self.add(batch)?,
            // A pause must be seen at once.
            Ok(Next::Reached) => self.next_snapshot = Instant::now(),
            Ok(Next::Ended) => {
                self.next_snapshot = Instant::now();
                self.take(Message::Ended)?;
                if self.player.ended_early() {
                    let text =
                        "it ended early: its writer was killed or is still running".to_owned();
                    self.store.note(&text);
                    self.take(Message::Notice { text, failed: true })?;
                }
            }
            Err(error) => {
                self.take(Message::Failed(format!("{error:#}")))?;
            }
        }
        self.moved()
    }

    fn add(&mut self, batch: Batch) -> anyhow::Result<()> {
        if let Some(text) = self.tape.write(&batch) {
            self.store.note(&text);
            self.take(Message::Recording(None))?;
            self.take(Message::Notice { text, failed: true })?;
        }
        self.store.add(batch);
        self.stale = true;
        Ok(())
    }

    /// Shows the position on the time line.
    fn moved(&mut self) -> anyhow::Result<()> {
        if let Some(playback) = self.player.playback.clone() {
            self.stale = true;
            self.take(Message::Played(Box::new(playback)))?;
        }
        Ok(())
    }

    fn outlined(&mut self, outline: Outline) -> anyhow::Result<()> {
        if let Some(playback) = &mut self.player.playback {
            playback.outline = outline;
        }
        self.moved()
    }

    fn start_recording(&mut self, path: String) -> Message {
        match self.tape.start(&path, self.environment.clone()) {
            Ok(()) => {
                self.store.note(&format!("recording to {path}"));
                Message::Recording(Some(path))
            }
            Err(text) => Message::Notice { text, failed: true },
        }
    }

    fn stop_recording(&mut self) -> Option<Message> {
        let stopped = self.tape.stop(self.snapshot.time)?;
        let (Ok(text) | Err(text)) = &stopped;
        self.store.note(text);
        Some(notice(stopped))
    }
}

async fn next_outline(outlines: &mut Option<Receiver<Outline>>) -> Outline {
    if let Some(receiver) = outlines {
        if let Some(outline) = receiver.recv().await {
            return outline;
        }
        *outlines = None;
    }
    std::future::pending().await
}

/// An outcome as a notice to the user.
fn notice(outcome: Result<String, String>) -> Message {
    let failed = outcome.is_err();
    let (Ok(text) | Err(text)) = outcome;
    Message::Notice { text, failed }
}
