//! Forecasts: evaluates a recording for another kernel or disk: what would break, whose, and why.

mod forecast;
mod question;
mod text;

pub use forecast::{Fates, Forecast};
pub use question::{Fate, WhatIf};
pub(super) use text::text;
