//! dio-trace shows which direct I/O (`O_DIRECT`) requests are misaligned, and what the kernel does
//! with them.
//!
//! Data flows one way: a [`source`] delivers batches of [`model`] records, and everything else
//! reads those. A new capability begins in the room whose idea it is.
//!
//! ```text
//!  cli -> tui, compare, report, doctor, inspect, kernel, recording, source, findings, filter
//!  cli -> diagnose, text
//!  tui -> recording, source, store, findings, diagnose, filter, text: the live screen
//!  compare -> report, recording, store, findings, text: two recordings
//!  report -> recording, store, findings, diagnose, filter, text: one recording
//!  doctor, inspect -> kernel, diagnose, text: this machine
//!  kernel -> source: what happens now
//!  source -> recording: what happened before
//!  store -> findings: what has one cause
//!  findings -> diagnose, text: causes, and the headline on them
//!  store, recording -> filter: what is kept
//!  filter -> diagnose: the names of errors
//!  model, hash: read by all
//! ```
//!
//! A room imports only along these arrows (`tests/rooms.rs` holds that).

pub mod cli;
pub mod compare;
pub mod diagnose;
pub mod doctor;
pub mod filter;
pub mod findings;
mod hash;
pub mod inspect;
pub mod kernel;
pub mod model;
pub mod recording;
pub mod report;
pub mod source;
pub mod store;
pub mod text;
pub mod tui;
