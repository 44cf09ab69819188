//! The laws of the alignment rules, on requests and limits of every kind.

mod asked;
mod geometry;
mod judge;
mod lifecycle;
mod rules;
