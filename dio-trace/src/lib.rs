//! dio-trace shows what direct I/O (`O_DIRECT`) alignment really does to a program.
//!
//! Data flows one way: a [`source`] delivers batches of [`model`] records; everything else reads
//! those.

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
