//! Any recording is read as it was written, and a damaged one up to the damage.

mod arbitrary;
mod cut;
mod round_trip;

pub(crate) use arbitrary::environment;
