//! The dashboard: one screen for a live trace, a stream and a recording.
//!
//! [`update`] and [`view`] are pure. Everything that touches the terminal, files or the clock is in
//! [`run`].

mod action;
mod cells;
mod columns;
mod files;
mod input;
mod key;
mod keymap;
mod labels;
mod layout;
mod message;
mod model;
mod playback;
mod player;
mod report;
mod runner;
mod screenshot;
mod symbols;
mod terminal;
mod text;
mod theme;
mod update;
mod view;

pub use action::Action;
pub use key::Key;
pub use keymap::{Binding, Group, KEYMAP};
pub use layout::Areas;
pub use message::{Effect, Message, Play};
pub use model::{Ending, Model, Notice, Place, Prompt, PromptKind, Screen, Selected, Tab};
pub use playback::{Outline, Playback, SPEEDS};
pub use player::Reopen;
pub use runner::{Options, next_snapshot, run};
pub use screenshot::{Format, Shot, plain, press, screenshot};
pub use theme::{Palette, Role, Theme};
pub use update::update;
pub use view::view;
