//! Input: keys, the mouse and signals.

use std::thread;

use ratatui::crossterm::event::{self, Event, MouseButton, MouseEventKind};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{Receiver, channel},
};

use crate::tui::{key::Key, message::Message};

/// Number of keys that may wait; further ones wait in the terminal.
const WAITING: usize = 64;

/// Number of lines that one turn of the wheel moves.
const WHEEL: i16 = 3;

/// Reads the terminal in a thread of its own. If standard input is a stream, keys come from the
/// controlling terminal (`/dev/tty`); without one there are no keys.
pub(super) fn keys() -> Receiver<Message> {
    let (sender, receiver) = channel(WAITING);
    let read = move || {
        while let Ok(event) = event::read() {
            if let Some(message) = message(&event)
                && sender.blocking_send(message).is_err()
            {
                return;
            }
        }
    };
    // Without the thread the channel closes. The screen then has no keys, and a signal ends it.
    drop(thread::Builder::new().name("keys".to_owned()).spawn(read));
    receiver
}

fn message(event: &Event) -> Option<Message> {
    match event {
        Event::Key(key) => Key::of_event(key).map(Message::Key),
        Event::Resize(width, height) => Some(Message::Resize(*width, *height)),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollDown => Some(Message::Wheel(WHEEL)),
            MouseEventKind::ScrollUp => Some(Message::Wheel(-WHEEL)),
            MouseEventKind::Down(MouseButton::Left) => {
                Some(Message::Click(mouse.column, mouse.row))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The signals that end the screen.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Catches the signals from now on.
    pub(super) fn catch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one of them.
    pub(super) async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
