//! Messages to the screen, and the effects that it asks for.

use crate::{
    model::Timestamp,
    tui::{key::Key, playback::Playback},
};

/// An event for the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// The wheel was turned, by this many lines.
    Wheel(i16),
    /// A place (column, line) was clicked.
    Click(u16, u16),
    /// The terminal has a new size (columns, lines).
    Resize(u16, u16),
    /// A new snapshot was taken.
    Counted,
    /// The time line moved.
    Played(Box<Playback>),
    /// The source has ended.
    Ended,
    /// The source broke off.
    Failed(String),
    /// An effect was carried out. The recording goes to this file, or to none.
    Recording(Option<String>),
    /// A message for the user.
    Notice {
        /// The text.
        text: String,
        /// Whether something went wrong.
        failed: bool,
    },
}

/// An effect, to be carried out by the code that runs the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Take a new snapshot: the view has changed.
    Refresh,
    /// Freeze the counts that the screen shows, or stop doing so.
    Freeze(bool),
    /// Drop all counts.
    Reset,
    /// Write a new file, which must not exist.
    Save {
        /// Its path.
        path: String,
        /// Its contents.
        text: String,
    },
    /// Start recording to a new file, which must not exist.
    StartRecording(String),
    /// Stop recording.
    StopRecording,
    /// Move along the time line.
    Play(Play),
    /// Suspend: give the terminal back to the shell.
    Suspend,
    /// Redraw everything.
    Redraw,
}

/// A move along the time line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// Play or pause.
    Toggle,
    /// Go to this time.
    Seek(Timestamp),
    /// Go one batch back or forward.
    Step(i8),
    /// Play at this speed, an index of [`SPEEDS`](crate::tui::playback::SPEEDS).
    Speed(usize),
}
