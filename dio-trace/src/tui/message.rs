//! What happens to the screen, and what it wants done.

use crate::{
    model::Timestamp,
    tui::{key::Key, playback::Playback},
};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// The wheel was turned, by lines.
    Wheel(i16),
    /// A place (column, line) was clicked.
    Click(u16, u16),
    /// The terminal has a new size (columns, lines).
    Resize(u16, u16),
    /// A new snapshot was taken.
    Counted,
    /// The time line moved.
    Played(Box<Playback>),
    /// There is no more to come.
    Ended,
    /// The source broke off.
    Failed(String),
    /// Something asked for was done; recording goes to this file, or to none.
    Recording(Option<String>),
    /// Something to tell.
    Notice {
        /// What.
        text: String,
        /// Whether something went wrong.
        failed: bool,
    },
}

/// Something to be done by the one who runs the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Take a new snapshot: the view has changed.
    Refresh,
    /// Hold the counts still for the screen, or let them go.
    Freeze(bool),
    /// Forget all counts.
    Reset,
    /// Write a file, which must not exist.
    Save {
        /// Its path.
        path: String,
        /// Its contents.
        text: String,
    },
    /// Start recording to this file, which must not exist.
    StartRecording(String),
    /// Stop recording.
    StopRecording,
    /// Move along the time line.
    Play(Play),
    /// Give the terminal back for a while.
    Suspend,
    /// Draw everything anew.
    Redraw,
}

/// A move along the time line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// Run or stand still.
    Toggle,
    /// To this time.
    Seek(Timestamp),
    /// One batch back or on.
    Step(i8),
    /// At this speed, a number of [`SPEEDS`](crate::tui::playback::SPEEDS).
    Speed(usize),
}
