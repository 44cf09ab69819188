//! dio-trace shows which direct I/O (`O_DIRECT`) requests are misaligned, and what the kernel does
//! with them.
//!
//! Data flows one way: a [`source`] delivers batches of [`model`] records, and everything else
//! reads those. `docs/architecture.md` describes the rooms, and where to add something.

pub mod cli;
pub mod compare;
pub mod diagnose;
pub mod doctor;
pub mod filter;
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
